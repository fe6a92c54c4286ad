"""Functional ANOVA: surrogates over the unit cube and the exact shares of their variance."""
