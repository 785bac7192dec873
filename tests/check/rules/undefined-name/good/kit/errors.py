class Wrong(Exception):
    pass
