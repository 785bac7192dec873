result = invoke(first)
