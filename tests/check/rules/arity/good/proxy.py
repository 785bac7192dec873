from enum import IntEnum


class Proxy:
    def __init__(*args, **kwargs):
        self, wrapped = args
        self.wrapped = wrapped


Proxy(1)


class Single(type):
    def __call__(cls, *args):
        return super().__call__(*args, 1)


class Settings(metaclass=Single):
    def __init__(self, path, version):
        self.path = (path, version)


class Planet(IntEnum):
    EARTH = (1, 2)

    def __init__(self, mass, radius):
        self.mass = mass


Settings("a")
Planet(1)
