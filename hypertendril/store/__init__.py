"""Studies kept in memory as columns and on disk as a journal."""
