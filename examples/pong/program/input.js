/** Turns keys and pointer into the player's wishes. */

import { FIELD, directionTo } from './physics.js';

const UP_KEYS = ['ArrowUp', 'KeyW'];
const DOWN_KEYS = ['ArrowDown', 'KeyS'];
const ACTION_KEY = 'Space';
const PAUSE_KEYS = ['KeyP', 'Escape'];

/**
 * @typedef {object} Input
 * @property {(paddle: Paddle, seconds: number) => number} direction
 *   what the player wants of the paddle for the next step: from -1, full speed
 *   up, to 1, full speed down
 */

/**
 * Listens to the whole window for keys and to the canvas for the pointer. The
 * paddle goes after the pointer until a movement key is pressed.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{ onAction: () => void, onPause: () => void }} commands called once for each press
 * @returns {Input}
 */
export function createInput(canvas, { onAction, onPause }) {
  const held = new Set();
  let pointerY = null;

  function handleKeyDown(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;

    if (UP_KEYS.includes(event.code) || DOWN_KEYS.includes(event.code)) {
      held.add(event.code);
      pointerY = null;
    } else if (event.code === ACTION_KEY) {
      // A focused button turns the key into its own click.
      if (event.target instanceof HTMLButtonElement) return;
      if (!event.repeat) onAction();
    } else if (PAUSE_KEYS.includes(event.code)) {
      if (!event.repeat) onPause();
    } else {
      return;
    }
    event.preventDefault();
  }

  function handlePointer(event) {
    const { top, height } = canvas.getBoundingClientRect();
    pointerY = ((event.clientY - top) / height) * FIELD.height;
  }

  function letGo() {
    held.clear();
    pointerY = null;
  }

  window.addEventListener('keydown', handleKeyDown);
  window.addEventListener('keyup', (event) => held.delete(event.code));
  window.addEventListener('blur', letGo);
  canvas.addEventListener('pointerdown', handlePointer);
  canvas.addEventListener('pointermove', handlePointer);

  return {
    direction(paddle, seconds) {
      if (pointerY !== null) return directionTo(paddle, pointerY, seconds);
      const isHeld = (code) => held.has(code);
      return Number(DOWN_KEYS.some(isHeld)) - Number(UP_KEYS.some(isHeld));
    },
  };
}
