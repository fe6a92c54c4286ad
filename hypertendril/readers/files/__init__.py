"""Files as they lie on a disk: text, tables, databases, records; whole, damaged or growing."""
