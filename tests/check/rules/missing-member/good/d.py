from kinds import Kind

print(Kind.SMALL)


class Settings:
    def load(self, values):
        for name, value in values.items():
            setattr(self, name, value)
