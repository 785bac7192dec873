from d import Settings


class Own(Settings):
    def address(self):
        return self.host
