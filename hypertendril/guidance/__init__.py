"""What the results suggest to do next."""
