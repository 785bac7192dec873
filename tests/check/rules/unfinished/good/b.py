def f(a):
    # returns what it gets
    return a
