"""Who is meant: cities, and the cities of organisations."""
