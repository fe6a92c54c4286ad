"""Results of any framework, read into studies."""
