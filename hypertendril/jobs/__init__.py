"""Searches run here: specified, queued, leased, executed, recovered."""
