"""Where the notes are."""

import os
from pathlib import Path

DEFAULT_FILE = "notes.json"


def notes_path() -> Path:
    return Path(os.environ.get("NOTES_FILE", DEFAULT_FILE))
