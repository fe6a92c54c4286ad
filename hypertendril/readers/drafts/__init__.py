"""From rows to a study: what the readers of most frameworks have in common."""
