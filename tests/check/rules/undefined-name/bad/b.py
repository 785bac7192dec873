def f(a):
    return lenght(a)
