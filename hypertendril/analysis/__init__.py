"""The numbers behind the views."""
