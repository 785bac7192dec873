/**
 * How things move. Nothing here keeps state or touches the page: every function
 * returns new values. Distances are in field units, times in seconds, angles in
 * radians; x grows to the right and y grows downwards.
 */

/**
 * @typedef {'player' | 'computer'} Side The player is on the left.
 * @typedef {{ x: number, y: number, vx: number, vy: number }} Ball Centre and velocity.
 * @typedef {{ side: Side, x: number, y: number }} Paddle Centre.
 */

export const FIELD = Object.freeze({ width: 800, height: 500 });
export const PADDLE = Object.freeze({ width: 12, height: 84, speed: 460 });
export const BALL = Object.freeze({ size: 12 });

const PADDLE_MARGIN = 34;
const SERVE_SPEED = 400;
const MAX_SPEED = 900;
const SPEED_UP = 1.05;
const MAX_SERVE_ANGLE = Math.PI / 6;
const MAX_BOUNCE_ANGLE = (Math.PI * 5) / 18;

/** How far apart the centres of ball and paddle may be, vertically, for a hit. */
const REACH = (PADDLE.height + BALL.size) / 2;

/**
 * @param {Side} side
 * @returns {Paddle} a paddle half way up its side
 */
export function createPaddle(side) {
  const x = side === 'player' ? PADDLE_MARGIN : FIELD.width - PADDLE_MARGIN;
  return { side, x, y: FIELD.height / 2 };
}

/**
 * @param {Paddle} paddle
 * @param {number} direction from -1, full speed up, to 1, full speed down
 * @param {number} seconds
 * @returns {Paddle}
 */
export function movePaddle(paddle, direction, seconds) {
  const y = paddle.y + clamp(direction, -1, 1) * PADDLE.speed * seconds;
  return { ...paddle, y: clamp(y, PADDLE.height / 2, FIELD.height - PADDLE.height / 2) };
}

/**
 * The direction that brings a paddle towards a height as fast as it can move,
 * and stops it there.
 *
 * @param {Paddle} paddle
 * @param {number} y the height that the paddle's centre should reach
 * @param {number} seconds the time that the direction will be kept
 * @returns {number} from -1 to 1, for movePaddle
 */
export function directionTo(paddle, y, seconds) {
  return clamp((y - paddle.y) / (PADDLE.speed * seconds), -1, 1);
}

/** @returns {Ball} a ball at rest in the middle of the field */
export function createBall() {
  return { x: FIELD.width / 2, y: FIELD.height / 2, vx: 0, vy: 0 };
}

/**
 * @param {Side} towards whose side the ball flies to
 * @param {() => number} random a number from 0 up to 1
 * @returns {Ball} a ball leaving the middle of the field
 */
export function serveBall(towards, random) {
  const angle = (random() * 2 - 1) * MAX_SERVE_ANGLE;
  const heading = towards === 'player' ? -1 : 1;
  return { ...createBall(), ...velocity(SERVE_SPEED, angle, heading) };
}

/**
 * Moves the ball, off the walls and off the paddle that it flies to. The way is
 * checked, not only its end, so no speed carries the ball through a paddle.
 *
 * @param {Ball} ball
 * @param {Paddle} player
 * @param {Paddle} computer
 * @param {number} seconds
 * @returns {Ball}
 */
export function stepBall(ball, player, computer, seconds) {
  const paddle = ball.vx < 0 ? player : computer;
  const contactY = arrivalHeight(ball, paddle);
  const moved = {
    ...ball,
    x: ball.x + ball.vx * seconds,
    ...reflected(ball.y + ball.vy * seconds, ball.vy),
  };
  const arrives = contactY !== null && !isBefore(moved.x, paddle);
  if (!arrives || Math.abs(contactY - paddle.y) > REACH) return moved;

  const speed = Math.min(Math.hypot(ball.vx, ball.vy) * SPEED_UP, MAX_SPEED);
  const angle = ((contactY - paddle.y) / REACH) * MAX_BOUNCE_ANGLE;
  return { x: contactX(paddle), y: contactY, ...velocity(speed, angle, facing(paddle)) };
}

/**
 * @param {Ball} ball
 * @param {Paddle} paddle
 * @returns {number | null} how high the ball's centre will be when it reaches the
 *   paddle's face, bounces off the walls included; null when it will not get
 *   there, because it flies the other way or is already past the face
 */
export function arrivalHeight(ball, paddle) {
  const approaches = ball.vx * facing(paddle) < 0;
  if (!approaches || !isBefore(ball.x, paddle)) return null;
  const flight = (contactX(paddle) - ball.x) / ball.vx;
  return reflected(ball.y + ball.vy * flight, ball.vy).y;
}

/**
 * @param {Ball} ball
 * @returns {Side | null} the side on which the ball has left the field, null while it is in play
 */
export function sideLeft(ball) {
  if (ball.x < -BALL.size / 2) return 'player';
  if (ball.x > FIELD.width + BALL.size / 2) return 'computer';
  return null;
}

/** The horizontal direction that a paddle looks to: 1 is right, -1 is left. */
function facing(paddle) {
  return paddle.side === 'player' ? 1 : -1;
}

/** Where the ball's centre is when the ball touches the paddle's face. */
function contactX(paddle) {
  return paddle.x + (facing(paddle) * (PADDLE.width + BALL.size)) / 2;
}

/** Whether a ball with its centre at x is still in front of the paddle's face. */
function isBefore(x, paddle) {
  return (x - contactX(paddle)) * facing(paddle) > 0;
}

/** Folds a height beyond the walls back between them, once for every bounce. */
function reflected(y, vy) {
  const top = BALL.size / 2;
  const span = FIELD.height - BALL.size;
  const bounces = Math.floor((y - top) / span);
  const beyond = y - top - bounces * span;
  return bounces % 2 === 0
    ? { y: top + beyond, vy }
    : { y: top + span - beyond, vy: -vy };
}

function velocity(speed, angle, heading) {
  return { vx: Math.cos(angle) * speed * heading, vy: Math.sin(angle) * speed };
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
