"""HyperTendril: see what a hyperparameter search did, understand why, and steer the next one."""

__version__ = "0.1.0"
