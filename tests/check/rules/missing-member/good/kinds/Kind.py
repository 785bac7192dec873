class Kind:
    SMALL = 1
