"""Speaks HTTP: reads requests within limits, and writes every answer as JSON."""

import json
import logging
import re
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from todo_api.errors import ApiError
from todo_api.routes import Request, Response, respond
from todo_api.store import TodoStore

MAX_BODY_BYTES = 16 * 1024
_IDLE_SECONDS = 10

# A client that sends too much reads its answer only when it is done sending,
# so this much of a refused body is read and thrown away.
_MAX_DISCARDED_BYTES = 1024 * 1024

_log = logging.getLogger("todo_api")


class TodoServer(ThreadingHTTPServer):
    """Serves the todos of one store, each connection in a thread of its own."""

    request_queue_size = 128

    def __init__(self, store: TodoStore, host: str, port: int) -> None:
        """Binds to the address; port 0 takes a free one. Raises OSError when that fails.

        The caller runs and closes the server, and closes the store after it.
        """
        self.store = store
        super().__init__((host, port), _Handler)

    def handle_error(self, request: object, client_address: tuple[str, int]) -> None:
        """Called by the base class when a connection fails while it is served."""
        error = sys.exc_info()[1]
        is_surprise = not isinstance(error, OSError)
        _log.warning("%s %r", client_address[0], error, exc_info=is_surprise)


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # HTTP/0.9 has no status to answer with.
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True  # Headers and body are written one after the other.
    server: TodoServer

    def handle_request(self) -> None:
        try:
            response = respond(self.server.store, self._read_request())
        except ApiError as error:
            response = Response(error.status, error.as_json(), error.headers)
        except OSError:
            raise  # The connection failed: there is nobody to answer.
        except Exception:
            _log.exception("%r failed", self.requestline)
            response = Response(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                _error_body("internal_error", "The service failed to answer."),
            )
        self._write(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_request

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Called by the base class for requests that it cannot even read."""
        status = HTTPStatus(code)
        self.close_connection = True
        body = _error_body(status.name.lower(), message or status.phrase)
        self._write(Response(status, body))

    def version_string(self) -> str:
        return "todo-api"

    def log_message(self, format: str, *args: object) -> None:
        # Clients choose parts of the message; no control character of theirs gets into the log.
        message = (format % args).encode("unicode_escape").decode("ascii")
        _log.info("%s %s", self.address_string(), message)

    def _read_request(self) -> Request:
        path, _, query = self.path.partition("?")
        return Request(
            method=self.command,
            path=path,
            query=query,
            content_type=self.headers.get("Content-Type", ""),
            body=self._read_body(),
        )

    def _read_body(self) -> bytes:
        """Reads the body of any method, so that the next request starts where it should."""
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise ApiError(
                HTTPStatus.LENGTH_REQUIRED,
                "length_required",
                "The body must be sent with a Content-Length.",
            )

        lengths = set(self.headers.get_all("Content-Length", ["0"]))
        text = lengths.pop()
        if lengths or not re.fullmatch(r"[0-9]{1,18}", text):
            self.close_connection = True
            raise ApiError(
                HTTPStatus.BAD_REQUEST, "invalid_length", "The Content-Length is not valid."
            )

        length = int(text)
        if length > MAX_BODY_BYTES:
            self.close_connection = True
            self._discard(min(length, _MAX_DISCARDED_BYTES))
            raise ApiError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body_too_large",
                f"The body must not exceed {MAX_BODY_BYTES} bytes.",
            )

        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            raise ApiError(
                HTTPStatus.BAD_REQUEST, "incomplete_body", "The body is shorter than announced."
            )
        return body

    def _discard(self, length: int) -> None:
        while length > 0:
            chunk = self.rfile.read(min(length, MAX_BODY_BYTES))
            if not chunk:
                return
            length -= len(chunk)

    def _write(self, response: Response) -> None:
        body = b""
        self.send_response(response.status)
        if response.payload is not None:
            body = json.dumps(response.payload).encode("ascii") + b"\n"
            self.send_header("Content-Type", "application/json")
        if response.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _error_body(code: str, message: str) -> dict[str, object]:
    """An ErrorBody for failures that have no ApiError."""
    return {"error": {"code": code, "message": message}}
