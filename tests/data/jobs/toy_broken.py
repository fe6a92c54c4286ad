"""A module that cannot be imported."""

raise ImportError("the library of this objective is missing")
