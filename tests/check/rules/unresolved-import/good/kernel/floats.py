from kernel._native.floats import count

print(count)
