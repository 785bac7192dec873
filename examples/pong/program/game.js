/**
 * The rules: phases, serves, points and pauses. A game is one plain object that
 * the functions here change in place, and nobody else does.
 */

import { computerDirection, createMemory } from './ai.js';
import { createBall, createPaddle, movePaddle, serveBall, sideLeft, stepBall } from './physics.js';

const WINNING_SCORE = 11;
const SERVE_SECONDS = 1;

/**
 * @typedef {object} Game
 * @property {'ready' | 'serving' | 'playing' | 'over'} phase
 * @property {boolean} paused only ever true while serving or playing
 * @property {Paddle} player
 * @property {Paddle} computer
 * @property {Ball} ball
 * @property {{ player: number, computer: number }} score
 * @property {Side} receiver whom the next serve goes to
 * @property {number} untilServe seconds left of the serving phase
 * @property {ComputerMemory} memory what the computer has in mind
 * @property {() => number} random a number from 0 up to 1
 */

/**
 * @param {() => number} random
 * @returns {Game} a game that waits to be started
 */
export function createGame(random) {
  return { phase: 'ready', paused: false, random, ...openingPosition() };
}

/**
 * Does what the action button offers: starts the first game or another one, and
 * pauses or resumes a game under way. Changes `game`.
 *
 * @param {Game} game
 */
export function act(game) {
  if (isUnderWay(game)) {
    setPaused(game, !game.paused);
  } else {
    Object.assign(game, openingPosition());
    game.phase = 'serving';
  }
}

/**
 * Pauses or resumes a game under way; leaves any other as it is. Changes `game`.
 *
 * @param {Game} game
 * @param {boolean} paused
 */
export function setPaused(game, paused) {
  game.paused = paused && isUnderWay(game);
}

/**
 * Lets a moment pass. Changes `game`.
 *
 * @param {Game} game
 * @param {number} playerDirection from -1, full speed up, to 1, full speed down
 * @param {number} seconds
 */
export function stepGame(game, playerDirection, seconds) {
  if (game.paused || game.phase === 'over') return;

  const { ball, memory, random } = game;
  const direction = computerDirection(memory, ball, game.computer, seconds, random);
  game.player = movePaddle(game.player, playerDirection, seconds);
  game.computer = movePaddle(game.computer, direction, seconds);

  if (game.phase === 'serving') stepServe(game, seconds);
  else if (game.phase === 'playing') stepRally(game, seconds);
}

function stepServe(game, seconds) {
  game.untilServe -= seconds;
  if (game.untilServe > 0) return;
  game.ball = serveBall(game.receiver, game.random);
  game.phase = 'playing';
}

function stepRally(game, seconds) {
  game.ball = stepBall(game.ball, game.player, game.computer, seconds);
  const loser = sideLeft(game.ball);
  if (loser !== null) awardPoint(game, loser);
}

function awardPoint(game, loser) {
  const winner = loser === 'player' ? 'computer' : 'player';
  game.score[winner] += 1;
  game.ball = createBall();
  game.memory = createMemory();
  game.receiver = loser;
  game.untilServe = SERVE_SECONDS;
  game.phase = game.score[winner] === WINNING_SCORE ? 'over' : 'serving';
}

function isUnderWay(game) {
  return game.phase === 'serving' || game.phase === 'playing';
}

function openingPosition() {
  return {
    player: createPaddle('player'),
    computer: createPaddle('computer'),
    ball: createBall(),
    score: { player: 0, computer: 0 },
    receiver: 'player',
    untilServe: SERVE_SECONDS,
    memory: createMemory(),
  };
}
