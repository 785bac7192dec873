"""What clients may send, and what they are told otherwise."""

import unittest
from http import HTTPStatus

from todo_api.errors import ApiError
from todo_api.store import NewTodo, TodoChanges, TodoFilter
from todo_api.validation import MAX_TITLE_LENGTH, parse_changes, parse_filter, parse_new_todo


class ParseNewTodoTest(unittest.TestCase):
    def test_reads_title_and_done(self):
        self.assertEqual(parse_new_todo(b'{"title": "Tea"}'), NewTodo("Tea"))
        self.assertEqual(parse_new_todo(b'{"title": "Tea", "done": true}'), NewTodo("Tea", True))

    def test_trims_the_title(self):
        self.assertEqual(parse_new_todo(b'{"title": "  Tea\\n"}').title, "Tea")

    def test_accepts_the_longest_title(self):
        title = "ä" * MAX_TITLE_LENGTH
        self.assertEqual(parse_new_todo(f'{{"title": "{title}"}}'.encode()).title, title)

    def test_refuses_what_is_not_json(self):
        for body in (b"", b"{", b"\xff", b"[" * 10_000, b'{"title": "Tea"} {}'):
            with self.subTest(body=body[:20]), self.assertRaises(ApiError) as caught:
                parse_new_todo(body)
            self.assertEqual(caught.exception.status, HTTPStatus.BAD_REQUEST)
            self.assertEqual(caught.exception.code, "invalid_json")

    def test_refuses_what_is_not_an_object(self):
        with self.assertRaises(ApiError) as caught:
            parse_new_todo(b'["Tea"]')
        self.assertEqual(caught.exception.status, HTTPStatus.UNPROCESSABLE_ENTITY)
        self.assertEqual(caught.exception.code, "invalid_fields")

    def test_names_every_invalid_field(self):
        too_long = "a" * (MAX_TITLE_LENGTH + 1)
        cases = (
            ("{}", {"title"}),
            ('{"done": true}', {"title"}),
            ('{"title": null}', {"title"}),
            ('{"title": "   "}', {"title"}),
            (f'{{"title": "{too_long}"}}', {"title"}),
            ('{"title": "a\\u0000b"}', {"title"}),
            ('{"title": "\\ud800"}', {"title"}),
            ('{"title": "Tea", "done": 1}', {"done"}),
            ('{"title": 1, "done": "no", "id": 7}', {"title", "done", "id"}),
        )
        for body, names in cases:
            with self.subTest(body=body[:40]), self.assertRaises(ApiError) as caught:
                parse_new_todo(body.encode())
            self.assertEqual(caught.exception.status, HTTPStatus.UNPROCESSABLE_ENTITY)
            self.assertEqual(set(caught.exception.fields), names)


class ParseChangesTest(unittest.TestCase):
    def test_keeps_what_is_not_named(self):
        self.assertEqual(parse_changes(b'{"done": false}'), TodoChanges(None, False))
        self.assertEqual(parse_changes(b'{"title": "Tea"}'), TodoChanges("Tea", None))

    def test_refuses_no_change_and_null(self):
        for body in (b"{}", b'{"title": null}', b'{"done": null}'):
            with self.subTest(body=body), self.assertRaises(ApiError) as caught:
                parse_changes(body)
            self.assertEqual(caught.exception.status, HTTPStatus.UNPROCESSABLE_ENTITY)


class ParseFilterTest(unittest.TestCase):
    def test_has_defaults(self):
        self.assertEqual(parse_filter(""), TodoFilter(done=None, q=None, limit=50, offset=0))

    def test_reads_every_parameter(self):
        self.assertEqual(
            parse_filter("done=false&q=green%20tea&limit=100&offset=7"),
            TodoFilter(done=False, q="green tea", limit=100, offset=7),
        )

    def test_names_every_invalid_parameter(self):
        cases = (
            ("done=yes", {"done"}),
            ("done=true&done=false", {"done"}),
            ("q=", {"q"}),
            ("limit=0&offset=-1", {"limit", "offset"}),
            ("limit=101", {"limit"}),
            ("limit=1_0", {"limit"}),
            ("offset=9999999999", {"offset"}),
            ("page=2", {"page"}),
            ("&".join(f"p{n}=1" for n in range(50)), {"query"}),
        )
        for query, names in cases:
            with self.subTest(query=query[:40]), self.assertRaises(ApiError) as caught:
                parse_filter(query)
            self.assertEqual(caught.exception.status, HTTPStatus.BAD_REQUEST)
            self.assertEqual(caught.exception.code, "invalid_query")
            self.assertEqual(set(caught.exception.fields), names)
