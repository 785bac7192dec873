from pathlib import Path

from notes.model import Note, shorten
from notes.store import NoteStore


def make_store(directory: Path) -> NoteStore:
    store = NoteStore(directory / "notes.json")
    store.add_note(Note("a", "first", ["x"]))
    return store


def test_search(tmp_path):
    store = make_store(tmp_path)
    assert store.search("first")[0].title == "a"
    assert store.remove_note("a")


def test_shorten():
    assert shorten("abcdef", 4) == "abc…"
