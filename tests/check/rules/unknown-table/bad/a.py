def read(connection):
    """Select what is from the user."""

    connection.execute("SELECT id FROM note")
    connection.execute("UPDATE notes SET name = ?", ("a",))
