"""Syne Tune: folders of experiments."""
