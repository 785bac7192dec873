def read(connection):
    """Select what is from the user."""

    connection.execute("SELECT id FROM notes WHERE title = ?", ("a",))
    connection.execute("INSERT INTO notes (title) VALUES (?)", ("a",))
