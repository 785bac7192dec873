"""Keeps the notes in a file."""

import json
from pathlib import Path

from notes.model import Note, note_from_dict


class NoteStore:
    """All notes, in memory and on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[Note] = []

    def load(self) -> None:
        if self.path.exists():
            self.notes = [note_from_dict(item) for item in json.loads(self.path.read_text())]

    def save(self) -> None:
        data = [{"title": note.title, "body": note.body, "tags": note.tags} for note in self.notes]
        self.path.write_text(json.dumps(data))

    def add_note(self, note: Note) -> None:
        self.notes.append(note)
        self.save()

    def search(self, word: str, limit: int = 10) -> list[Note]:
        found = [note for note in self.notes if note.matches(word)]
        return found[:limit]

    def remove_note(self, title: str) -> bool:
        before = len(self.notes)
        self.notes = [note for note in self.notes if note.title != title]
        self.save()
        return len(self.notes) < before
