"""An index of COINr as a catalog: iData and iMeta in, a folder that the pipeline builds out."""
