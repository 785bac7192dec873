"""What the store keeps, finds and forgets."""

import sqlite3
import tempfile
import threading
import unittest
from pathlib import Path

from todo_api.store import NewTodo, Todo, TodoChanges, TodoFilter, TodoStore


class TodoStoreTest(unittest.TestCase):
    def setUp(self):
        self.store = TodoStore(":memory:")
        self.addCleanup(self.store.close)

    def titles(self, **wanted):
        todos, _ = self.store.find(TodoFilter(**wanted))
        return [todo.title for todo in todos]

    def test_adds_and_gets(self):
        added = self.store.add(NewTodo("Tea"))
        self.assertEqual(added, Todo(1, "Tea", False, added.created_at))
        self.assertRegex(added.created_at, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(self.store.get(1), added)
        self.assertIsNone(self.store.get(2))

    def test_updates_only_what_is_given(self):
        added = self.store.add(NewTodo("Tea", done=True))
        self.assertEqual(
            self.store.update(1, TodoChanges(done=False)),
            Todo(1, "Tea", False, added.created_at),
        )
        self.assertEqual(
            self.store.update(1, TodoChanges(title="Coffee")),
            Todo(1, "Coffee", False, added.created_at),
        )
        self.assertIsNone(self.store.update(2, TodoChanges(done=True)))

    def test_deletes_once_and_never_reuses_an_id(self):
        self.store.add(NewTodo("Tea"))
        self.assertTrue(self.store.delete(1))
        self.assertFalse(self.store.delete(1))
        self.assertEqual(self.store.add(NewTodo("Coffee")).id, 2)

    def test_filters(self):
        for title, done in (("Green tea", False), ("Coffee", True), ("TEAPOT", True), ("Straße", False)):
            self.store.add(NewTodo(title, done))
        self.assertEqual(self.titles(), ["Green tea", "Coffee", "TEAPOT", "Straße"])
        self.assertEqual(self.titles(done=True), ["Coffee", "TEAPOT"])
        self.assertEqual(self.titles(q="tea"), ["Green tea", "TEAPOT"])
        self.assertEqual(self.titles(q="tea", done=False), ["Green tea"])
        self.assertEqual(self.titles(q="STRASSE"), ["Straße"])
        self.assertEqual(self.titles(q="%"), [])

    def test_pages_and_counts_all_matches(self):
        for number in range(5):
            self.store.add(NewTodo(f"Todo {number}"))
        todos, total = self.store.find(TodoFilter(limit=2, offset=3))
        self.assertEqual([todo.id for todo in todos], [4, 5])
        self.assertEqual(total, 5)

    def test_survives_many_threads(self):
        def add_some():
            for _ in range(25):
                self.store.add(NewTodo("Tea"))

        threads = [threading.Thread(target=add_some) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _, total = self.store.find(TodoFilter())
        self.assertEqual(total, 100)


class TodoFileTest(unittest.TestCase):
    def test_keeps_todos_in_a_file(self):
        with tempfile.TemporaryDirectory() as directory:
            path = str(Path(directory) / "todos.sqlite3")
            first = TodoStore(path)
            added = first.add(NewTodo("Tea"))
            first.close()

            second = TodoStore(path)
            self.addCleanup(second.close)
            self.assertEqual(second.get(added.id), added)

    def test_refuses_a_file_that_is_no_database(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "notes.txt"
            path.write_text("This is no database. " * 100)
            with self.assertRaises(sqlite3.Error):
                TodoStore(str(path))
