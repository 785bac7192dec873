def read(connection):
    """Select what is from the user."""

    connection.execute("SELECT id FROM notes WHERE title = ?", ("a",))
    connection.execute("INSERT INTO notes (title) VALUES (?)", ("a",))
    connection.execute("INSERT INTO settings (key, value) VALUES (?, ?)", ("a", "b"))
    connection.execute("DELETE FROM posts WHERE id = ?", (1,))
    parts = ["steps AS (SELECT id FROM notes)", "SELECT id FROM steps"]
    connection.execute("WITH " + " ".join(parts))
