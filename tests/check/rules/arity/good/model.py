class Note:
    def __init__(self, title, body):
        self.title = title
        self.body = body

    def rename(self, title, *, quiet=False):
        self.title = title


def make(title):
    return Note(title, "")
