"""Ray Tune: folders of experiments, read without Ray."""
