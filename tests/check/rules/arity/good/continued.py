from model import Note

Note("a", \
     "b").rename("c")
Note("a", "b", \
     )
