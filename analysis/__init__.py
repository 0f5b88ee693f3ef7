"""The statistics of an index that are no work for SQL, over arrays; reads and writes nothing."""
