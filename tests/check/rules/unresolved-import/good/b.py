from .model import Note

print(Note)
