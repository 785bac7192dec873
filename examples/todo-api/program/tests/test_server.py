"""The service as its clients see it: a real server on a free port."""

import json
import socket
import threading
import unittest
from http.client import HTTPConnection

from todo_api.server import MAX_BODY_BYTES, TodoServer
from todo_api.store import TodoStore

JSON = {"Content-Type": "application/json"}


class TodoServerTest(unittest.TestCase):
    def setUp(self):
        self.store = TodoStore(":memory:")
        self.addCleanup(self.store.close)
        server = TodoServer(self.store, "127.0.0.1", 0)
        self.addCleanup(server.server_close)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        self.addCleanup(self.connection.close)

    def send(self, method, path, data=None, *, body=None, headers=JSON):
        """Sends `data` as JSON, or `body` as it is; returns the response and its JSON, if any."""
        if data is not None:
            body = json.dumps(data)
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read()
        return response, json.loads(text) if text else None

    def add(self, *titles):
        for title in titles:
            self.send("POST", "/todos", {"title": title})

    def assert_error(self, answer, status, code):
        response, data = answer
        self.assertEqual(response.status, status)
        self.assertEqual(response.getheader("Content-Type"), "application/json")
        self.assertEqual(data["error"]["code"], code)
        self.assertTrue(data["error"]["message"])
        return data["error"]

    def send_raw(self, text, *, end=False):
        """Sends text on a connection of its own; returns all that comes back until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as raw:
            raw.sendall(text.encode())
            if end:
                raw.shutdown(socket.SHUT_WR)
            with raw.makefile("rb") as answer:
                return answer.read().decode()

    def test_health(self):
        response, data = self.send("GET", "/health")
        self.assertEqual((response.status, data), (200, {"status": "ok"}))

    def test_creates_and_shows(self):
        response, created = self.send("POST", "/todos", {"title": " Buy tea ☕ "})
        self.assertEqual(response.status, 201)
        self.assertEqual(response.getheader("Location"), "/todos/1")
        self.assertEqual(set(created), {"id", "title", "done", "created_at"})
        self.assertEqual(created["id"], 1)
        self.assertEqual(created["title"], "Buy tea ☕")
        self.assertIs(created["done"], False)

        response, shown = self.send("GET", "/todos/1")
        self.assertEqual((response.status, shown), (200, created))

    def test_lists_filters_and_pages(self):
        self.add("Buy tea", "Make tea", "Sleep")
        self.send("PATCH", "/todos/2", {"done": True})
        for query, ids, total in (
            ("", [1, 2, 3], 3),
            ("?done=true", [2], 1),
            ("?done=false", [1, 3], 2),
            ("?q=TEA", [1, 2], 2),
            ("?limit=1&offset=1", [2], 3),
        ):
            with self.subTest(query=query):
                response, page = self.send("GET", f"/todos{query}")
                self.assertEqual(response.status, 200)
                self.assertEqual([todo["id"] for todo in page["todos"]], ids)
                self.assertEqual(page["total"], total)

    def test_changes(self):
        _, created = self.send("POST", "/todos", {"title": "Tea"})
        response, changed = self.send("PATCH", "/todos/1", {"title": "Coffee", "done": True})
        self.assertEqual(response.status, 200)
        self.assertEqual(changed, {**created, "title": "Coffee", "done": True})

    def test_deletes(self):
        self.add("Tea")
        response, data = self.send("DELETE", "/todos/1")
        self.assertEqual((response.status, data), (204, None))
        self.assert_error(self.send("GET", "/todos/1"), 404, "not_found")
        self.assert_error(self.send("DELETE", "/todos/1"), 404, "not_found")

    def test_answers_head_without_a_body(self):
        response, data = self.send("HEAD", "/todos")
        self.assertEqual((response.status, data), (200, None))
        self.assertGreater(int(response.getheader("Content-Length")), 0)

    def test_unknown_paths_and_ids(self):
        for path in ("/", "/todo", "/todos/", "/todos/0", "/todos/x", "/todos/1", f"/todos/{'9' * 30}"):
            with self.subTest(path=path):
                self.assert_error(self.send("GET", path), 404, "not_found")
        self.assert_error(self.send("PATCH", "/todos/1", {"done": True}), 404, "not_found")

    def test_unsupported_methods(self):
        answer = self.send("PUT", "/todos/1", {"title": "Tea"})
        self.assert_error(answer, 405, "method_not_allowed")
        self.assertEqual(answer[0].getheader("Allow"), "DELETE, GET, HEAD, PATCH")
        self.assert_error(self.send("BREW", "/todos"), 501, "not_implemented")

    def test_invalid_requests_leave_the_connection_open(self):
        self.assert_error(self.send("POST", "/todos", body="{"), 400, "invalid_json")
        error = self.assert_error(
            self.send("POST", "/todos", {"title": "", "color": 1}), 422, "invalid_fields"
        )
        self.assertEqual(set(error["fields"]), {"title", "color"})
        self.assert_error(self.send("POST", "/todos", {"\ud800": 1}), 422, "invalid_fields")
        self.assert_error(self.send("GET", "/todos?done=maybe"), 400, "invalid_query")
        self.assert_error(
            self.send("POST", "/todos", {"title": "Tea"}, headers={}), 415, "unsupported_media_type"
        )
        self.send("GET", "/health", body="a body that nobody asked for")
        response, page = self.send("GET", "/todos")
        self.assertEqual((response.status, page["total"]), (200, 0))

    def test_limits_the_body(self):
        padding = " " * (MAX_BODY_BYTES - len('{"title":"Tea"}'))
        response, _ = self.send("POST", "/todos", body='{"title":"Tea"}' + padding)
        self.assertEqual(response.status, 201)
        for size in (MAX_BODY_BYTES + 1, 20 * MAX_BODY_BYTES):
            with self.subTest(size=size):
                answer = self.send("POST", "/todos", body=" " * size)
                self.assert_error(answer, 413, "body_too_large")
                self.assertEqual(answer[0].getheader("Connection"), "close")

    def test_needs_one_valid_length(self):
        start = "POST /todos HTTP/1.1\r\nHost: localhost\r\n"
        for header, expected in (
            ("Transfer-Encoding: chunked", "411"),
            ("Content-Length: -1", "400"),
            ("Content-Length: 1\r\nContent-Length: 2", "400"),
        ):
            with self.subTest(header=header):
                answer = self.send_raw(f"{start}{header}\r\n\r\n")
                self.assertTrue(answer.startswith(f"HTTP/1.1 {expected} "), answer)

    def test_says_when_the_body_is_incomplete(self):
        head = "POST /todos HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
        answer = self.send_raw(head + "{", end=True)
        self.assertTrue(answer.startswith("HTTP/1.1 400 "), answer)
        self.assertIn('"incomplete_body"', answer)

    def test_answers_what_is_hardly_http(self):
        for text, expected in (
            ("HELLO\r\n\r\n", "400"),
            ("GET /todos HTTP/7.0\r\n\r\n", "505"),
            ("GET /todos HTTP/1.1\r\n" + "X: y\r\n" * 200 + "\r\n", "431"),
        ):
            with self.subTest(text=text[:30]):
                answer = self.send_raw(text)
                self.assertTrue(answer.startswith(f"HTTP/1.1 {expected} "), answer)
                self.assertIn('"error"', answer)

    def test_says_when_it_fails_itself(self):
        self.store.close()
        with self.assertLogs("todo_api", "ERROR"):
            answer = self.send("GET", "/todos")
        self.assert_error(answer, 500, "internal_error")
