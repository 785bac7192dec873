// Checks a Pong written to the specification in examples/pong/prompt.md, in a real browser.
//
//   node tests/programs/pong.mjs <program-dir>
//
// The program is served on the loopback interface and observed from outside only: through the
// pixels of its canvas and the texts of its page. It needs Node 20 and Chromium, see chromium.mjs.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';

import { createChecks, launch, poll, sleep } from './chromium.mjs';

const TIME_LIMIT = 60_000;
const CONTENT_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

// Stands in for ai.js: everything of the original, but a computer that only ever goes up.
const PARKED_AI = `
export * from './ai.js?original';
export function computerDirection() { return -1; }
`;

/** Serves a directory on a free port of the loopback interface; returns { url, close }. */
async function serve(directory, { parkComputer = false } = {}) {
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url, 'http://localhost');
    const path = normalize(pathname === '/' ? '/index.html' : decodeURIComponent(pathname));
    const headers = {
      'content-type': CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
      'cache-control': 'no-store',
    };
    try {
      const replaced = parkComputer && path === '/ai.js' && search === '';
      const body = replaced ? PARKED_AI : await readFile(join(directory, path));
      response.writeHead(200, headers).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}/`, close };
}

/**
 * Runs in the page. Reads from the canvas, in its own pixels, where paddles and ball are; what is
 * not seen is null. The ball is not looked for near the paddles and over the middle line.
 */
function readField() {
  const find = (selector) => {
    const element = document.querySelector(selector);
    if (!element) throw new Error(`${selector} is not in the page`);
    return element;
  };
  const canvas = find('canvas#pong');
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const pixels = new Uint32Array(data.buffer);

  const counts = new Map();
  for (let i = 0; i < pixels.length; i += 7) counts.set(pixels[i], (counts.get(pixels[i]) ?? 0) + 1);
  const background = [...counts].sort((a, b) => b[1] - a[1])[0][0];
  const isLit = (x, y) => pixels[y * width + x] !== background;

  function paddleBetween(left, right) {
    let best = { top: 0, bottom: 0 };
    let top = null;
    for (let y = 0; y <= height; y += 1) {
      let lit = false;
      for (let x = left; x < right && y < height && !lit; x += 1) lit = isLit(x, y);
      if (lit && top === null) top = y;
      if (!lit && top !== null) {
        if (y - top > best.bottom - best.top) best = { top, bottom: y };
        top = null;
      }
    }
    const size = best.bottom - best.top;
    return size > height * 0.05 ? { ...best, y: (best.top + best.bottom) / 2, size } : null;
  }

  function ballBetween(left, right) {
    const box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
    for (let y = 0; y < height; y += 1) {
      for (let x = left; x < right; x += 1) {
        if (!isLit(x, y) || Math.abs(x - width / 2) <= 5) continue;
        box.left = Math.min(box.left, x);
        box.right = Math.max(box.right, x);
        box.top = Math.min(box.top, y);
        box.bottom = Math.max(box.bottom, y);
      }
    }
    const size = Math.max(box.right - box.left, box.bottom - box.top);
    if (!(size > 2 && size < width * 0.1)) return null;
    return { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
  }

  const edge = Math.round(width * 0.08);
  const lit = pixels.reduce((sum, pixel) => sum + Number(pixel !== background), 0);
  return {
    time: performance.now(),
    width,
    height,
    lit: lit / pixels.length,
    player: paddleBetween(0, edge),
    computer: paddleBetween(width - edge, width),
    ball: ballBetween(edge, width - edge),
    playerScore: find('#player-score').textContent.trim(),
    computerScore: find('#computer-score').textContent.trim(),
  };
}

/** Someone at the keyboard, who sees the field and holds at most one key. */
class Visitor {
  #held = null;

  constructor(page) { this.page = page; }

  async look() {
    const field = await this.page.evaluate(readField);
    assert.ok(field.player, 'no paddle can be seen on the left');
    assert.ok(field.computer, 'no paddle can be seen on the right');
    return field;
  }

  async hold(key) {
    if (key === this.#held) return;
    if (this.#held) await this.page.keyUp(this.#held);
    this.#held = key;
    if (key) await this.page.keyDown(key);
  }

  /** Holds a key for a while; returns how far each paddle went, down being positive. */
  async nudge(key, milliseconds = 250) {
    const before = await this.look();
    await this.hold(key);
    await sleep(milliseconds);
    await this.hold(null);
    await sleep(50);
    const after = await this.look();
    return { player: after.player.y - before.player.y, computer: after.computer.y - before.computer.y };
  }

  /** Goes for a height with the arrow keys. */
  async steer(field, y) {
    const distance = y - field.player.y;
    if (Math.abs(distance) < field.height * 0.025) await this.hold(null);
    else await this.hold(distance < 0 ? 'ArrowUp' : 'ArrowDown');
  }

  /** Stays out of the ball's way. */
  async dodge(field) {
    const ballAbove = (field.ball?.y ?? 0) < field.height / 2;
    await this.steer(field, ballAbove ? field.height : 0);
  }

  /** Plays, with `strategy(field)` after every look, until `isDone(fields)`; returns all that was seen. */
  async play(strategy, isDone, { timeout, what }) {
    const fields = [];
    try {
      await poll(async () => {
        fields.push(await this.look());
        await strategy(fields.at(-1));
        return isDone(fields);
      }, { timeout, what, interval: 15 });
    } finally {
      await this.hold(null);
    }
    return fields;
  }
}

/** Meets the ball, off the paddle's middle and each time on the other side of it, so that it flies at angles. */
function createReturns(visitor) {
  let offset = 0.3;
  let previousX = null;
  let wasComing = false;
  return async (field) => {
    if (field.ball === null) return;
    const coming = previousX !== null && field.ball.x < previousX;
    if (coming && !wasComing) offset = -offset;
    wasComing = coming;
    previousX = field.ball.x;
    await visitor.steer(field, field.ball.y + offset * field.player.size);
  };
}

/** The last look at the ball of each of its flights to the computer, returned or missed. */
function arrivals(fields) {
  const seen = fields.filter((field) => field.ball);
  return seen.filter((field, i) => {
    const next = seen[i + 1];
    const previous = seen[i - 1];
    return previous && next && field.ball.x > field.width * 0.8
      && previous.ball.x < field.ball.x && next.ball.x < field.ball.x;
  });
}

function hasBallMoved(fields) {
  const xs = fields.filter((field) => field.ball).map((field) => field.ball.x);
  return Math.max(...xs) - Math.min(...xs) > 20;
}

function spread(values) {
  return Math.max(...values) - Math.min(...values);
}

function scored(side, points) {
  return (fields) => Number(fields.at(-1)[`${side}Score`]) >= points;
}

async function checkProgram(browser, url, check) {
  const page = await browser.newPage();
  const visitor = new Visitor(page);

  await check('the page opens and both scores read 0', async () => {
    await page.goto(url);
    const field = await page.waitFor(readField);
    assert.deepEqual([field.playerScore, field.computerScore], ['0', '0']);
  });

  await check('the canvas shows two paddles on a plain background', async () => {
    const { lit } = await poll(async () => {
      const field = await page.evaluate(readField);
      return field.player && field.computer ? field : null;
    }, { what: 'two paddles' });
    assert.ok(lit < 0.1, `${Math.round(lit * 100)} % of the canvas is not background`);
  });

  for (const [key, sign] of [['ArrowUp', -1], ['ArrowDown', 1], ['w', -1], ['s', 1]]) {
    await check(`${key} moves the player's paddle ${sign < 0 ? 'up' : 'down'}, and only that`, async () => {
      const moved = await visitor.nudge(key);
      assert.ok(moved.player * sign > 20, `the player's paddle went ${moved.player} pixels down`);
      assert.ok(Math.abs(moved.computer) < 3, `the computer's paddle went ${moved.computer} pixels down`);
    });
  }

  await check("the player's paddle follows the pointer", async () => {
    const at = await page.evaluate(() => {
      const { left, top, width, height } = document.querySelector('#pong').getBoundingClientRect();
      return { x: left + width / 2, y: top + height * 0.25 };
    });
    await page.send('Input.dispatchMouseEvent', { type: 'mouseMoved', ...at });
    await poll(async () => {
      const field = await visitor.look();
      return Math.abs(field.player.y - field.height * 0.25) < 5;
    }, { timeout: 3_000, what: 'the paddle to come to the pointer' });
  });

  await check('Space starts the game: the ball moves', async () => {
    await page.press(' ');
    await visitor.play(async () => {}, hasBallMoved, { timeout: 5_000, what: 'the ball to move' });
  });

  await check('a ball that the player does not meet is a point for the computer', async () => {
    const fields = await visitor.play(
      (field) => visitor.dodge(field),
      scored('computer', 1),
      { timeout: 12_000, what: "the computer's score to change" },
    );
    assert.equal(fields.at(-1).computerScore, '1');
    assert.equal(fields.at(-1).playerScore, '0');
  });

  await check("the computer's paddle follows the ball", async () => {
    const fields = await visitor.play(
      createReturns(visitor),
      (seen) => arrivals(seen).length >= 4,
      { timeout: 25_000, what: 'the ball to come to the computer four times' },
    );
    const height = fields[0].height;
    const range = spread(fields.map((field) => field.computer.y));
    assert.ok(range > height * 0.15, `it moved ${range} pixels in all`);

    const misses = arrivals(fields).map(({ computer, ball }) => Math.abs(computer.y - ball.y));
    const near = misses.filter((miss) => miss < height * 0.17).length;
    assert.ok(near >= 3, `its distances from the arriving ball were ${misses.join(', ')} pixels`);
  });

  await check('P pauses: nothing moves, until P is pressed again', async () => {
    const returns = createReturns(visitor);
    await visitor.play(returns, hasBallMoved, { timeout: 5_000, what: 'the ball to be in play' });
    await page.press('p');
    await sleep(100);
    const before = await visitor.look();
    await visitor.hold('ArrowUp');
    await sleep(500);
    await visitor.hold(null);
    const after = await visitor.look();
    for (const part of ['ball', 'player', 'computer', 'playerScore', 'computerScore']) {
      assert.deepEqual(after[part], before[part], `the ${part} changed during the pause`);
    }
    await page.press('p');
    await visitor.play(returns, hasBallMoved, { timeout: 5_000, what: 'the ball to move again' });
  });

  await check('no errors in the console', async () => assert.deepEqual(page.errors, []));
  await page.close();
}

async function checkParkedComputer(browser, url, check) {
  const page = await browser.newPage();
  const visitor = new Visitor(page);

  await check('computerDirection of ai.js is what moves the computer: one that only goes up loses', async () => {
    await page.goto(url);
    await page.waitFor(readField);
    await page.press(' ');
    const fields = await visitor.play(
      createReturns(visitor),
      scored('player', 1),
      { timeout: 20_000, what: 'the player to score against it' },
    );
    const settled = fields.filter((field) => field.time > fields[0].time + 1_500);
    const lowest = Math.max(...settled.map((field) => field.computer.top));
    assert.ok(lowest <= 3, `the computer's paddle came down to ${lowest} pixels from the top`);
  });

  await page.close();
}

const directory = process.argv[2];
if (directory === undefined || process.argv.length > 3) {
  console.error('usage: node tests/programs/pong.mjs <program-dir>');
  process.exit(2);
}

const { check, finish } = createChecks();
const browser = await launch({ timeLimit: TIME_LIMIT });
const asWritten = await serve(resolve(directory));
const parked = await serve(resolve(directory), { parkComputer: true });
try {
  await checkProgram(browser, asWritten.url, check);
  await checkParkedComputer(browser, parked.url, check);
} finally {
  await browser.close();
  asWritten.close();
  parked.close();
}
process.exitCode = finish();
