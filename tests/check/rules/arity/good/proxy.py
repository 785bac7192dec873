class Proxy:
    def __init__(*args, **kwargs):
        self, wrapped = args
        self.wrapped = wrapped


Proxy(1)
