from .errors import Wrong

__all__ = ["Wrong"]

del errors
