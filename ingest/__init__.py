"""Catalog and documents in, facts out. Knows nothing of Dagster."""
