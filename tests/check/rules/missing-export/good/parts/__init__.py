from .compat import pass_through

pass_through(__name__, ".compat")
