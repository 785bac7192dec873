class Ball:
    def __init__(self):
        self.speed = 1

    def move(self):
        return self.speed

    def bounce(self):
        return 1
