base = __BIN_NAME__
print(base)
print(made_elsewhere)  # ty: ignore[unresolved-reference]
