"""Turns what clients send into checked values, or into an ApiError that says what is wrong."""

import json
import re
import unicodedata
from http import HTTPStatus
from urllib.parse import parse_qs

from todo_api.errors import ApiError
from todo_api.store import NewTodo, TodoChanges, TodoFilter

MAX_TITLE_LENGTH = 200
_MAX_LIMIT = 100
_MAX_OFFSET = 999_999_999


def parse_new_todo(body: bytes) -> NewTodo:
    """Reads the body of POST /todos. Raises ApiError 400 or 422."""
    values = _parse_fields(body)
    if "title" not in values:
        raise _invalid_fields({"title": "is required"})
    return NewTodo(**values)


def parse_changes(body: bytes) -> TodoChanges:
    """Reads the body of PATCH /todos/{id}. Raises ApiError 400 or 422."""
    values = _parse_fields(body)
    if not values:
        raise ApiError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid_fields",
            "The body must hold title, done or both.",
        )
    return TodoChanges(**values)


def parse_filter(query: str) -> TodoFilter:
    """Reads the query string of GET /todos. Raises ApiError 400."""
    try:
        parameters = parse_qs(query, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise _invalid_query({"query": "has too many parameters"}) from None

    values: dict[str, object] = {}
    problems: dict[str, str] = {}
    for name, texts in parameters.items():
        try:
            values[name] = _parse_parameter(name, texts)
        except ValueError as error:
            problems[name] = str(error)
    if problems:
        raise _invalid_query(problems)
    return TodoFilter(**values)


def _parse_fields(body: bytes) -> dict[str, object]:
    """The known fields of a JSON object, each checked."""
    data = _parse_object(body)
    values: dict[str, object] = {}
    problems: dict[str, str] = {}
    for name, value in data.items():
        try:
            values[name] = _parse_field(name, value)
        except ValueError as error:
            problems[name] = str(error)
    if problems:
        raise _invalid_fields(problems)
    return values


def _parse_object(body: bytes) -> dict[str, object]:
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise ApiError(
            HTTPStatus.BAD_REQUEST, "invalid_json", "The body is not valid JSON in UTF-8."
        ) from None
    if not isinstance(data, dict):
        raise ApiError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_fields", "The body must be a JSON object."
        )
    return data


def _parse_field(name: str, value: object) -> object:
    """The value to keep. Raises ValueError with the problem."""
    if name == "title":
        return _parse_title(value)
    if name == "done":
        if not isinstance(value, bool):
            raise ValueError("must be true or false")
        return value
    raise ValueError("is unknown")


def _parse_title(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    title = value.strip()
    if not 1 <= len(title) <= MAX_TITLE_LENGTH:
        raise ValueError(f"must have 1 to {MAX_TITLE_LENGTH} characters")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in title):
        raise ValueError("must not hold control characters or lone surrogates")
    return title


def _parse_parameter(name: str, texts: list[str]) -> object:
    """The value of a query parameter. Raises ValueError with the problem."""
    if name not in ("done", "q", "limit", "offset"):
        raise ValueError("is unknown")
    if len(texts) > 1:
        raise ValueError("must be given once only")
    text = texts[0]
    if name == "done":
        if text not in ("true", "false"):
            raise ValueError("must be true or false")
        return text == "true"
    if name == "q":
        if not 1 <= len(text) <= MAX_TITLE_LENGTH:
            raise ValueError(f"must have 1 to {MAX_TITLE_LENGTH} characters")
        return text
    if name == "limit":
        return _parse_integer(text, 1, _MAX_LIMIT)
    return _parse_integer(text, 0, _MAX_OFFSET)


def _parse_integer(text: str, low: int, high: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
        raise ValueError(f"must be an integer from {low} to {high}")
    return int(text)


def _invalid_fields(problems: dict[str, str]) -> ApiError:
    return ApiError(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_fields", "Some fields are not valid.", problems
    )


def _invalid_query(problems: dict[str, str]) -> ApiError:
    return ApiError(
        HTTPStatus.BAD_REQUEST, "invalid_query", "Some query parameters are not valid.", problems
    )
