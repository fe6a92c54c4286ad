"""The generic form: JSON that holds all there is of a study."""
