from parts import anything

print(anything)
