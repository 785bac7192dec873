"""What the environment may say."""

import unittest

from todo_api.config import Settings, load_settings


class LoadSettingsTest(unittest.TestCase):
    def test_has_defaults(self):
        defaults = Settings(host="127.0.0.1", port=8000, database="todos.sqlite3")
        self.assertEqual(load_settings({}), defaults)
        self.assertEqual(load_settings({"TODO_HOST": "", "TODO_PORT": "", "TODO_DB": ""}), defaults)

    def test_reads_every_variable(self):
        environ = {"TODO_HOST": "0.0.0.0", "TODO_PORT": "0", "TODO_DB": ":memory:"}
        self.assertEqual(load_settings(environ), Settings("0.0.0.0", 0, ":memory:"))

    def test_refuses_what_is_no_port(self):
        for port in ("http", "-1", "65536", "8_0", "8000.0"):
            with self.subTest(port=port), self.assertRaisesRegex(ValueError, "TODO_PORT"):
                load_settings({"TODO_PORT": port})
