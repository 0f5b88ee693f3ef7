"""Documents over the network: politely, within bounds, and what failed in words."""
