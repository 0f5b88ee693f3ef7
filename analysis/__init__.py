"""Statistics of an index in NumPy over arrays: no file, no database."""
