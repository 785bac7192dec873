from contextlib import suppress

with suppress(ImportError):
    import docutils
