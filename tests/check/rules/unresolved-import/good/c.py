from six.moves import input as ask

print(ask)
