try:
    text = unicode
except NameError:
    text = str


def f(a):
    return len(a) + sum(x for x in a)
