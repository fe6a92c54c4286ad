"""Optuna: its SQLite storage, its storages behind a URL and its journal."""
