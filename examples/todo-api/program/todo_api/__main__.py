"""Starts the service: python3 -m todo_api"""

import logging
import os
import signal
import sqlite3
import sys

from todo_api.config import load_settings
from todo_api.server import TodoServer
from todo_api.store import TodoStore


def main() -> int:
    """Runs until SIGINT or SIGTERM. Returns the exit code: 0, 1 when the start fails, 2 for bad settings."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        settings = load_settings(os.environ)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2

    try:
        store = TodoStore(settings.database)
    except sqlite3.Error as error:
        print(f"cannot use the database {settings.database}: {error}", file=sys.stderr)
        return 1

    try:
        server = TodoServer(store, settings.host, settings.port)
    except OSError as error:
        store.close()
        print(f"cannot listen on {settings.host}:{settings.port}: {error}", file=sys.stderr)
        return 1

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    host, port = server.server_address[:2]
    try:
        print(f"Listening on http://{host}:{port}", flush=True)
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
