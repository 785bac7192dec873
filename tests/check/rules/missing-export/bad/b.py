from model import Not

print(Not)
