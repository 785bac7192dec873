from model import Note, make

make(title="a")
note = Note("a", body="b")
note.rename("c", quiet=True)

import pytest

with pytest.raises(TypeError):
    make()
