from unittest.mock import Mock, patch

import pytest

import model
from model import Note, make


def test_waits_for_an_error():
    pytest.raises(TypeError, lambda: make())
    with pytest.raises(TypeError):
        for _ in range(3):
            make()


def test_catches_the_error():
    try:
        make("a", "b")
    except (TypeError, OSError):
        pass


@pytest.mark.xfail(
    reason="not yet",
)
def test_fails():
    make("a", "b")


def test_replaces():
    note = Note("a", "b")
    note.rename = Mock()
    note.rename()


@patch("model.make")
def test_is_patched(made):
    model.make()
