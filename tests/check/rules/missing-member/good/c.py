from b import Ball

ball = Ball()
ball.bounce()
