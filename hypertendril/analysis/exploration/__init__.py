"""The numbers of the Exploration overview: columns, edges, bands, and single trials in words."""
