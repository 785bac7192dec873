from .modell import Note

print(Note)
