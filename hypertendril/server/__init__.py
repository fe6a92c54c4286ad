"""The Flask side: routes, guards and headers."""
