"""Ax: snapshots of clients and experiments."""
