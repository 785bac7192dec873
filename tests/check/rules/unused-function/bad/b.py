def _forgotten():
    return 1
