/**
 * The computer's player. It sees what the player sees, moves no faster, notices
 * late and judges badly, and worse the faster the ball is: that is how it loses.
 */

import { FIELD, arrivalHeight, directionTo } from './physics.js';

/** The computer looks at the ball this often, and knows of nothing in between. */
const LOOK_SECONDS = 0.2;

/** How far the aim can be off, in seconds of the ball's flight at its speed. */
const MISJUDGED_SECONDS = 0.12;

/**
 * @typedef {object} ComputerMemory
 * @property {number} untilLook seconds until the next look at the ball
 * @property {boolean} expecting whether the ball was coming at the last look
 * @property {number} misjudgement from -1 to 1, drawn anew each time the ball turns to the computer
 * @property {number} aim the height that the paddle's centre is steered to
 */

/** @returns {ComputerMemory} the memory of a computer that has seen nothing yet */
export function createMemory() {
  return { untilLook: LOOK_SECONDS, expecting: false, misjudgement: 0, aim: FIELD.height / 2 };
}

/**
 * Decides how the computer's paddle moves next. Changes `memory`.
 *
 * @param {ComputerMemory} memory
 * @param {Ball} ball
 * @param {Paddle} paddle the computer's own
 * @param {number} seconds the length of this step
 * @param {() => number} random a number from 0 up to 1
 * @returns {number} from -1, full speed up, to 1, full speed down
 */
export function computerDirection(memory, ball, paddle, seconds, random) {
  memory.untilLook -= seconds;
  if (memory.untilLook <= 0) {
    memory.untilLook += LOOK_SECONDS;
    look(memory, ball, paddle, random);
  }
  return directionTo(paddle, memory.aim, seconds);
}

function look(memory, ball, paddle, random) {
  const height = arrivalHeight(ball, paddle);
  const coming = height !== null;
  if (coming && !memory.expecting) memory.misjudgement = random() * 2 - 1;
  memory.expecting = coming;

  const error = memory.misjudgement * MISJUDGED_SECONDS * Math.hypot(ball.vx, ball.vy);
  memory.aim = coming ? height + error : FIELD.height / 2;
}
