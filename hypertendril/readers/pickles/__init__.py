"""Pickles, taken apart without running them; only the converter command reads them."""
