"""The entries in SQLite."""

import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    text TEXT NOT NULL
);
"""


class Database:
    """One connection."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, check_same_thread=False)
        self.connection.executescript(SCHEMA)

    def all_entries(self, limit):
        rows = self.connection.execute("SELECT id, name, text FROM entries ORDER BY id DESC LIMIT ?", (limit,))
        return [row_to_entry(row) for row in rows]

    def insert_entry(self, name, text):
        cursor = self.connection.execute("INSERT INTO entries (name, text) VALUES (?, ?)", (name, text))
        self.connection.commit()
        return {"id": cursor.lastrowid, "name": name, "text": text}

    def remove_entry(self, entry_id):
        self.connection.execute("DELETE FROM entries WHERE id = ?", (entry_id,))
        self.connection.commit()


def row_to_entry(row):
    return {"id": row[0], "name": row[1], "text": row[2]}
