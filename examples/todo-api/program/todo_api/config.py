"""Reads the settings of the service from the environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Where the service listens, and where it keeps its todos."""

    host: str
    port: int
    database: str


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Reads TODO_HOST, TODO_PORT and TODO_DB; an empty value counts as none.

    Raises ValueError, with a message for the operator, when TODO_PORT is not a port.
    """
    port = environ.get("TODO_PORT") or "8000"
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(f"TODO_PORT must be an integer from 0 to 65535, not {port!r}")
    return Settings(
        host=environ.get("TODO_HOST") or "127.0.0.1",
        port=int(port),
        database=environ.get("TODO_DB") or "todos.sqlite3",
    )
