class Frozen:
    FIELDS = ("base",)

    def __init__(self, **values):
        for field in self.FIELDS:
            object.__setattr__(self, field, values.get(field))

    def first(self):
        return self.base
