"""Orion: databases and exported documents."""
