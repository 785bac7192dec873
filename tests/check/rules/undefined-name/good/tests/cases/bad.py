print(number)
