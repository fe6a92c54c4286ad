"""What things cost; `make bench` prints the tables."""
