"""How rankings and quantities are written, in the languages of the documents."""
