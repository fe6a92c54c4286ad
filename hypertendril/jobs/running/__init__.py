"""A job that runs: its study played to the end of its budget, recorded, and taken up again."""
