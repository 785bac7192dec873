/** Wires the page, the player and the game together, and keeps the time. */

import { act, createGame, setPaused, stepGame } from './game.js';
import { createInput } from './input.js';
import { createRenderer } from './render.js';

const STEP_SECONDS = 1 / 120;

/** What a slow frame can make up for; the game slows down beyond it. */
const MAX_FRAME_SECONDS = 0.25;

const canvas = document.getElementById('pong');
const game = createGame(Math.random);
const render = createRenderer(canvas);
const input = createInput(canvas, {
  onAction: () => act(game),
  onPause: () => setPaused(game, !game.paused),
});

document.getElementById('action-button').addEventListener('click', () => act(game));
document.addEventListener('visibilitychange', () => {
  if (document.hidden) setPaused(game, true);
});

let previous = null;
let unspent = 0;

function frame(now) {
  const elapsed = previous === null ? 0 : (now - previous) / 1000;
  previous = now;
  unspent += Math.min(elapsed, MAX_FRAME_SECONDS);

  while (unspent >= STEP_SECONDS) {
    unspent -= STEP_SECONDS;
    stepGame(game, input.direction(game.player, STEP_SECONDS), STEP_SECONDS);
  }
  render(game);
  requestAnimationFrame(frame);
}

requestAnimationFrame(frame);
