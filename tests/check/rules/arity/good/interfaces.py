from zope.interface import Interface


class Endpoint(Interface):
    def connect(factory):
        """Connects."""


def start(endpoint: Endpoint):
    endpoint.connect(1)
