"""Reads the command line."""

import argparse

from notes import settings
from notes.model import Note
from notes.render import render_note, render_table
from notes.store import NoteStore

WIDTH = 60


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="notes")
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add")
    add.add_argument("title")
    add.add_argument("body")
    find = commands.add_parser("find")
    find.add_argument("word")
    remove = commands.add_parser("remove")
    remove.add_argument("title")
    return parser


def open_store() -> NoteStore:
    store = NoteStore(settings.notes_path())
    store.load()
    return store


def run(arguments: list[str]) -> int:
    options = build_parser().parse_args(arguments)
    store = open_store()
    if options.command == "add":
        note = Note(options.title, options.body)
        store.add_note(note)
        print(render_note(note, WIDTH))
    elif options.command == "find":
        print(render_table(store.search(options.word, limit=5)))
    elif not store.remove_note(options.title):
        return 1
    return 0
