"""Keeps todos in a SQLite database."""

import sqlite3
import threading
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

_SCHEMA = """
CREATE TABLE IF NOT EXISTS todos (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    done INTEGER NOT NULL,
    created_at TEXT NOT NULL
)
"""


@dataclass(frozen=True)
class Todo:
    """One thing to do. `created_at` is in UTC, like 2024-05-31T09:30:00Z."""

    id: int
    title: str
    done: bool
    created_at: str

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class NewTodo:
    """What a client says of a todo that does not exist yet."""

    title: str
    done: bool = False


@dataclass(frozen=True)
class TodoChanges:
    """What a client wants changed; None leaves a field as it is."""

    title: str | None = None
    done: bool | None = None


@dataclass(frozen=True)
class TodoFilter:
    """Which todos to list. None filters nothing; `q` is looked for in titles, in any case."""

    done: bool | None = None
    q: str | None = None
    limit: int = 50
    offset: int = 0


class TodoStore:
    """All todos of one database. Safe to use from several threads."""

    def __init__(self, path: str) -> None:
        """Opens or creates the database; ":memory:" is one that ends with the store.

        Raises sqlite3.Error when the database cannot be used.
        """
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        try:
            # SQLite's own lower() knows ASCII only.
            self._connection.create_function(
                "casefold", 1, lambda text: text.casefold(), deterministic=True
            )
            with self._connection:
                self._connection.execute(_SCHEMA)
        except sqlite3.Error:
            self._connection.close()
            raise

    def add(self, new: NewTodo) -> Todo:
        created_at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._lock, self._connection:
            cursor = self._connection.execute(
                "INSERT INTO todos (title, done, created_at) VALUES (?, ?, ?)",
                (new.title, new.done, created_at),
            )
        return Todo(cursor.lastrowid, new.title, new.done, created_at)

    def get(self, todo_id: int) -> Todo | None:
        """The todo with this id, or None."""
        with self._lock:
            return self._select(todo_id)

    def find(self, wanted: TodoFilter) -> tuple[list[Todo], int]:
        """One page of the todos that match, oldest first, and how many match in all."""
        where = (
            "WHERE (:done IS NULL OR done = :done)"
            " AND (:q IS NULL OR instr(casefold(title), casefold(:q)) > 0)"
        )
        values = asdict(wanted)
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, title, done, created_at FROM todos"
                f" {where} ORDER BY id LIMIT :limit OFFSET :offset",
                values,
            ).fetchall()
            (total,) = self._connection.execute(
                f"SELECT count(*) FROM todos {where}", values
            ).fetchone()
        return [_todo(row) for row in rows], total

    def update(self, todo_id: int, changes: TodoChanges) -> Todo | None:
        """The todo after the changes, or None when there is none with this id."""
        with self._lock, self._connection:
            self._connection.execute(
                "UPDATE todos SET title = coalesce(?, title), done = coalesce(?, done) WHERE id = ?",
                (changes.title, changes.done, todo_id),
            )
            return self._select(todo_id)

    def delete(self, todo_id: int) -> bool:
        """Whether there was a todo with this id to delete."""
        with self._lock, self._connection:
            cursor = self._connection.execute("DELETE FROM todos WHERE id = ?", (todo_id,))
        return cursor.rowcount > 0

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _select(self, todo_id: int) -> Todo | None:
        row = self._connection.execute(
            "SELECT id, title, done, created_at FROM todos WHERE id = ?", (todo_id,)
        ).fetchone()
        return None if row is None else _todo(row)


def _todo(row: tuple[int, str, int, str]) -> Todo:
    todo_id, title, done, created_at = row
    return Todo(todo_id, title, bool(done), created_at)
