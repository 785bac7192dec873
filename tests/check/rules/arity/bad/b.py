from model import Note, make

make("a")
note = Note("a", "b")
note.rename("c", quiet=True)


print(note, make())
