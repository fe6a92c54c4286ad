"""Wiring: what happens when a person does something in the page."""
