from abc import ABC

import constants

print(constants.DEFAULT_PORT)


class Connection(ABC):
    pass


class _Strict:
    def start(self):
        return self.handle()


class _Shared:
    def handle(self):
        return 1


Connection.register(_Shared)
Strict = type("Strict", (_Strict, _Shared), {})


class Bag:
    pass


class Value:
    fields = ("name",)

    def __init__(self, *values):
        vars(self).update(zip(self.fields, values))

    def shown(self):
        return self.name


def fill(populate):
    bag = Bag()
    populate(bag)
    return bag.address
