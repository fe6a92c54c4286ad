"""NNI: databases of experiments."""
