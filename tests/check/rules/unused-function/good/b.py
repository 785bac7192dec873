def _used():
    return 1


value = _used()
