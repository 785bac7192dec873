class Note:
    pass
