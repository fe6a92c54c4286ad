"""ATM: databases of data runs."""
