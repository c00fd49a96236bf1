"""Published data: recognised by its fields, and turned into the columns of a user's table."""
