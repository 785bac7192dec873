from reader import StandAlone

print(StandAlone)
