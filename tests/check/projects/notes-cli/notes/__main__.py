"""Starts the program."""

import sys

from notes.cli import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
