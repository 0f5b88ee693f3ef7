"""What a printed table says: its shape, the roles of its columns, the ranks of its rows."""
