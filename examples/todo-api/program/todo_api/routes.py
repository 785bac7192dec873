"""What the service does for each method and path, apart from speaking HTTP."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from todo_api.errors import ApiError
from todo_api.store import TodoStore
from todo_api.validation import parse_changes, parse_filter, parse_new_todo


@dataclass(frozen=True)
class Request:
    """A request with its body read. `path` and `query` are as sent, still percent-encoded."""

    method: str
    path: str
    query: str = ""
    content_type: str = ""
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    """An answer; a payload of None is an empty body."""

    status: HTTPStatus
    payload: object = None
    headers: dict[str, str] = field(default_factory=dict)


def respond(store: TodoStore, request: Request) -> Response:
    """Answers a request. HEAD is answered as GET. Raises ApiError when it cannot be fulfilled."""
    method = "GET" if request.method == "HEAD" else request.method
    for pattern, actions in _ROUTES:
        match = pattern.fullmatch(request.path)
        if match is None:
            continue
        action = actions.get(method)
        if action is None:
            raise _method_not_allowed(actions)
        return action(store, request, *map(int, match.groups()))
    raise ApiError(HTTPStatus.NOT_FOUND, "not_found", "There is nothing at this path.")


def _show_health(store: TodoStore, request: Request) -> Response:
    """GET /health: the service is up."""
    return Response(HTTPStatus.OK, {"status": "ok"})


def _list_todos(store: TodoStore, request: Request) -> Response:
    """GET /todos: a TodoPage."""
    todos, total = store.find(parse_filter(request.query))
    return Response(HTTPStatus.OK, {"todos": [todo.as_json() for todo in todos], "total": total})


def _create_todo(store: TodoStore, request: Request) -> Response:
    """POST /todos: the new Todo."""
    _require_json(request)
    todo = store.add(parse_new_todo(request.body))
    return Response(HTTPStatus.CREATED, todo.as_json(), {"Location": f"/todos/{todo.id}"})


def _show_todo(store: TodoStore, request: Request, todo_id: int) -> Response:
    """GET /todos/{id}: the Todo."""
    todo = store.get(todo_id)
    if todo is None:
        raise _no_such_todo(todo_id)
    return Response(HTTPStatus.OK, todo.as_json())


def _change_todo(store: TodoStore, request: Request, todo_id: int) -> Response:
    """PATCH /todos/{id}: the changed Todo."""
    _require_json(request)
    todo = store.update(todo_id, parse_changes(request.body))
    if todo is None:
        raise _no_such_todo(todo_id)
    return Response(HTTPStatus.OK, todo.as_json())


def _delete_todo(store: TodoStore, request: Request, todo_id: int) -> Response:
    """DELETE /todos/{id}: nothing."""
    if not store.delete(todo_id):
        raise _no_such_todo(todo_id)
    return Response(HTTPStatus.NO_CONTENT)


_Action = Callable[..., Response]

# An id has at most 18 digits, so that it fits SQLite's integers.
_ROUTES: tuple[tuple[re.Pattern[str], dict[str, _Action]], ...] = (
    (re.compile(r"/health"), {"GET": _show_health}),
    (re.compile(r"/todos"), {"GET": _list_todos, "POST": _create_todo}),
    (
        re.compile(r"/todos/([1-9][0-9]{0,17})"),
        {"GET": _show_todo, "PATCH": _change_todo, "DELETE": _delete_todo},
    ),
)


def _require_json(request: Request) -> None:
    media_type = request.content_type.partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise ApiError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "The body must be sent as application/json.",
        )


def _method_not_allowed(actions: dict[str, _Action]) -> ApiError:
    allowed = [*actions, "HEAD"] if "GET" in actions else [*actions]
    return ApiError(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path does not support the method.",
        headers={"Allow": ", ".join(sorted(allowed))},
    )


def _no_such_todo(todo_id: int) -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, "not_found", f"There is no todo with id {todo_id}.")
