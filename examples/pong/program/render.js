/** Shows a game: the field on the canvas, scores and words in the page. */

import { BALL, FIELD, PADDLE } from './physics.js';

const COLORS = {
  background: '#10151f',
  net: '#36425a',
  player: '#6fd3ff',
  computer: '#ffb86b',
  ball: '#ffffff',
};
const NET = { width: 4, dash: 14, gap: 11 };

/**
 * @param {HTMLCanvasElement} canvas as wide and high as FIELD
 * @returns {(game: Game) => void} draws a game and brings the page's texts up to date
 */
export function createRenderer(canvas) {
  const context = canvas.getContext('2d');
  const playerScore = document.getElementById('player-score');
  const computerScore = document.getElementById('computer-score');
  const message = document.getElementById('message');
  const actionButton = document.getElementById('action-button');

  return (game) => {
    drawField(context, game);
    setText(playerScore, String(game.score.player));
    setText(computerScore, String(game.score.computer));
    setText(message, messageFor(game));
    setText(actionButton, actionFor(game));
  };
}

function drawField(context, { player, computer, ball }) {
  context.fillStyle = COLORS.background;
  context.fillRect(0, 0, FIELD.width, FIELD.height);

  context.fillStyle = COLORS.net;
  for (let y = NET.gap / 2; y < FIELD.height; y += NET.dash + NET.gap) {
    context.fillRect((FIELD.width - NET.width) / 2, y, NET.width, NET.dash);
  }

  fillCentred(context, COLORS.player, player, PADDLE.width, PADDLE.height);
  fillCentred(context, COLORS.computer, computer, PADDLE.width, PADDLE.height);
  fillCentred(context, COLORS.ball, ball, BALL.size, BALL.size);
}

function fillCentred(context, color, { x, y }, width, height) {
  context.fillStyle = color;
  context.fillRect(x - width / 2, y - height / 2, width, height);
}

function messageFor({ phase, paused, score, receiver }) {
  if (paused) return 'Paused.';
  switch (phase) {
    case 'ready':
      return 'Press Space or the button to start.';
    case 'serving':
      return receiver === 'player' ? 'Serve to you.' : 'Serve to the computer.';
    case 'over':
      return score.player > score.computer ? 'You win!' : 'The computer wins.';
    default:
      return '';
  }
}

function actionFor({ phase, paused }) {
  if (phase === 'ready') return 'Start';
  if (phase === 'over') return 'Play again';
  return paused ? 'Resume' : 'Pause';
}

/** Leaves an unchanged text alone, so that screen readers do not repeat it. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
