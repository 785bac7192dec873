def f(a):
    # your code here
    return a
