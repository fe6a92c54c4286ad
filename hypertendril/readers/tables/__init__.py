"""Tables: one row a trial, with columns that tell what they are or of which somebody tells it."""
