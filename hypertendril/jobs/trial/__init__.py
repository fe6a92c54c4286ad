"""What runs in the process of a trial, around the code of the user."""
