"""Experiment trackers: runs with parameters and metrics, which know of no search."""
