"""Turns notes into text."""

from tabulate import tabulate

from notes.model import Note

HEADERS = ["Title", "Text", "Tags"]


def render_table(notes: list[Note]) -> str:
    return tabulate([note.as_row() for note in notes], headers=HEADERS)


def render_note(note: Note, width: int) -> str:
    line = "-" * width
    return f"{note.title}\n{line}\n{note.body}"
