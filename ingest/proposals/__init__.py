"""What a document without a card seems to say, and how an analyst takes it into the catalog."""
