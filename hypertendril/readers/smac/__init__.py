"""SMAC3: run histories of all its versions."""
