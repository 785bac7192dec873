// Drives a headless Chromium over the DevTools Protocol, with Node 20 and nothing else.
//
// The browser is started with --remote-debugging-pipe: it reads commands from file descriptor 3
// and writes answers and events to file descriptor 4, each a JSON text that ends with a zero byte.
// So no WebSocket and no port is needed, and Extensions.loadUnpacked is allowed.
//
//   import { launch, createChecks } from './chromium.mjs';
//
//   const browser = await launch({ timeLimit: 60_000 });
//   const page = await browser.newPage('http://127.0.0.1:8000/');
//   await page.evaluate((a, b) => a + b, 1, 2);          // 3
//   await page.waitFor(() => document.querySelector('#score').textContent === '1');
//   await page.press('Enter');
//   page.errors;                                          // [{ source, text, url }]
//   await browser.close();
//
// The browser is $CHROMIUM, or /usr/bin/chromium. It resolves no host names but localhost and those
// that `launch` is given, so that nothing leaves the machine.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-proxy-server',
  '--password-store=basic',
  '--use-mock-keychain',
  // Pages that are not in front keep their timers and frames.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--remote-debugging-pipe',
  '--enable-unsafe-extension-debugging',
];

/** So long may one command take: a page or worker that has died never answers. */
const COMMAND_TIMEOUT_MS = 20_000;

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Calls `probe` until it returns something true, and returns that; throws after `timeout`. */
export async function poll(probe, { timeout = 5_000, interval = 25, what = 'a condition' } = {}) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${timeout} ms in vain for ${what}`);
    await sleep(interval);
  }
}

/**
 * Starts the browser.
 * timeLimit: milliseconds for everything; when they are over, the browser is killed and the
 * process ends with exit code 1. hosts: names that stand for 127.0.0.1 in this browser.
 * args: further command line flags.
 */
export async function launch({ timeLimit = 120_000, hosts = [], args = [] } = {}) {
  const executable = process.env.CHROMIUM || '/usr/bin/chromium';
  const profile = mkdtempSync(join(tmpdir(), 'chromium-check-'));
  // The first rule that matches a name counts.
  const rules = [...hosts.map((host) => `MAP ${host} 127.0.0.1`), 'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1', 'EXCLUDE localhost'];
  const flags = [...FLAGS, `--host-resolver-rules=${rules.join(', ')}`, `--user-data-dir=${profile}`, ...args];
  const child = spawn(executable, [...flags, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    detached: true, // its own process group, so that its children can be ended with it
  });
  const browser = new Browser(child, profile);

  const limit = setTimeout(() => {
    console.error(`not ok - the time limit of ${timeLimit} ms is over`);
    process.exit(1);
  }, timeLimit);
  limit.unref();
  browser.onClosed(() => clearTimeout(limit));

  try {
    browser.version = (await browser.send('Browser.getVersion')).product;
  } catch (error) {
    await browser.close();
    throw new Error(`cannot start ${executable}: ${error.message}`);
  }
  return browser;
}

class Browser {
  #child;
  #profile;
  #nextId = 1;
  #pending = new Map();
  #listeners = new Set();
  #closedCallbacks = [];
  #ended;
  #failure = null;
  #stderr = '';

  constructor(child, profile) {
    this.#child = child;
    this.#profile = profile;
    const killAtExit = () => this.#destroy();
    const endOnSignal = () => process.exit(1);
    process.on('exit', killAtExit);
    process.on('SIGINT', endOnSignal);
    process.on('SIGTERM', endOnSignal);

    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => { this.#fail(error); resolve(); });
      child.on('exit', (code, signal) => {
        this.#fail(new Error(`the browser ended (${signal ?? code}) ${this.#stderr.trim().slice(-800)}`.trim()));
        resolve();
      });
    });
    this.onClosed(() => {
      process.off('exit', killAtExit);
      process.off('SIGINT', endOnSignal);
      process.off('SIGTERM', endOnSignal);
    });

    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => { this.#stderr = (this.#stderr + text).slice(-4_000); });
    child.stdio[3].on('error', (error) => this.#fail(error));
    child.stdio[4].on('error', (error) => this.#fail(error));
    let chunks = [];
    child.stdio[4].on('data', (data) => {
      let start = 0;
      for (let end = data.indexOf(0); end !== -1; end = data.indexOf(0, start)) {
        chunks.push(data.subarray(start, end));
        this.#receive(JSON.parse(Buffer.concat(chunks).toString('utf8')));
        chunks = [];
        start = end + 1;
      }
      chunks.push(data.subarray(start));
    });
  }

  #receive(message) {
    if (message.id === undefined) {
      for (const listener of [...this.#listeners]) listener(message);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.error) pending.reject(new Error(`${pending.method}: ${message.error.message}`));
    else pending.resolve(message.result);
  }

  #fail(error) {
    this.#failure ??= error;
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(this.#failure);
    }
    this.#pending.clear();
  }

  /** Ends the browser's process group and removes its profile; synchronous, for 'exit'. */
  #destroy() {
    try { process.kill(-this.#child.pid, 'SIGKILL'); } catch { /* already gone */ }
    try { rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }); } catch { /* a late writer */ }
  }

  onClosed(callback) { this.#closedCallbacks.push(callback); }

  /** Sends one DevTools command; returns its result, throws its error. */
  send(method, params = {}, sessionId = undefined) {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new Error(`${method}: no answer within ${COMMAND_TIMEOUT_MS} ms`));
      }, COMMAND_TIMEOUT_MS);
      this.#pending.set(id, { resolve, reject, method, timer });
      this.#child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** Calls `listener({ method, params, sessionId })` for every event; returns a function that stops it. */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Every target: [{ targetId, type, url, title, attached }]; type is page, service_worker, ... */
  async targets() {
    return (await this.send('Target.getTargets')).targetInfos;
  }

  /** Waits for a target that `matches(info)`; returns its info. */
  async waitForTarget(matches, { timeout = 5_000, what = 'a target' } = {}) {
    return poll(async () => (await this.targets()).find(matches), { timeout, what });
  }

  /** Opens a tab, in front, and goes to `url`. Errors are collected from the very start. */
  async newPage(url = undefined) {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const page = await this.attach(targetId);
    if (url) await page.goto(url);
    return page;
  }

  /** Attaches to a target that exists: a page, an extension's popup, a service worker. */
  async attach(targetId) {
    const info = (await this.targets()).find((target) => target.targetId === targetId);
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, targetId, sessionId);
    await page.send('Runtime.enable');
    await page.send('Log.enable').catch(() => {});
    if (info?.type === 'page') await page.send('Page.enable');
    return page;
  }

  /** Loads an unpacked extension; returns its id. Throws the reason when its manifest is refused. */
  async loadExtension(directory) {
    return (await this.send('Extensions.loadUnpacked', { path: directory })).id;
  }

  /**
   * Clicks the extension's toolbar button while `page` is the active tab. For Chromium this is an action
   * of the user: it grants activeTab, and opens the popup or sends action.onClicked.
   */
  async clickAction(extensionId, page) {
    await page.bringToFront();
    const url = await page.evaluate('location.href');
    // The command wants the tab around the page, which is listed only when asked for.
    const { targetInfos: tabs } = await this.send('Target.getTargets', { filter: [{ type: 'tab' }] });
    const found = tabs.filter((tab) => tab.url === url);
    if (found.length !== 1) throw new Error(`${found.length} tabs show ${url}, it must be one`);
    await this.send('Extensions.triggerAction', { id: extensionId, targetId: found[0].targetId });
  }

  async close() {
    if (!this.#failure) {
      await Promise.race([this.send('Browser.close').catch(() => {}), sleep(3_000)]);
      await Promise.race([this.#ended, sleep(3_000)]);
    }
    this.#destroy();
    for (const callback of this.#closedCallbacks.splice(0)) callback();
  }
}

class Page {
  /** Uncaught exceptions, console.error and the browser's own errors, oldest first: { source, text, url }.
   *  source is 'exception', 'console' or that of the browser's log ('network', 'security', ...). */
  errors = [];

  #browser;
  #stop;

  constructor(browser, targetId, sessionId) {
    this.#browser = browser;
    this.targetId = targetId;
    this.sessionId = sessionId;
    this.#stop = browser.listen(({ method, params, sessionId: from }) => {
      if (from !== sessionId) return;
      if (method === 'Runtime.exceptionThrown') {
        const { exceptionDetails: details } = params;
        this.errors.push({ source: 'exception', text: describe(details), url: details.url ?? '' });
      } else if (method === 'Runtime.consoleAPICalled' && ['error', 'assert'].includes(params.type)) {
        const text = params.args.map((arg) => arg.value ?? arg.description ?? arg.type).join(' ');
        this.errors.push({ source: 'console', text, url: params.stackTrace?.callFrames[0]?.url ?? '' });
      } else if (method === 'Log.entryAdded' && params.entry.level === 'error') {
        this.errors.push({ source: params.entry.source, text: params.entry.text, url: params.entry.url ?? '' });
      }
    });
  }

  send(method, params = {}) { return this.#browser.send(method, params, this.sessionId); }

  /** Waits for one event of this page; `matches(params)` may choose. */
  event(method, { matches = () => true, timeout = 10_000 } = {}) {
    return new Promise((resolve, reject) => {
      const stop = this.#browser.listen((event) => {
        if (event.sessionId !== this.sessionId || event.method !== method || !matches(event.params)) return;
        clearTimeout(timer);
        stop();
        resolve(event.params);
      });
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`waited ${timeout} ms in vain for ${method}`));
      }, timeout);
    });
  }

  /** Goes to a URL and waits for its load event. */
  async goto(url) {
    const loaded = this.event('Page.loadEventFired');
    loaded.catch(() => {}); // reported below, or not at all when the navigation itself fails
    const { errorText } = await this.send('Page.navigate', { url });
    if (errorText) throw new Error(`cannot open ${url}: ${errorText}`);
    await loaded;
  }

  async reload() {
    const loaded = this.event('Page.loadEventFired');
    loaded.catch(() => {});
    await this.send('Page.reload');
    await loaded;
  }

  /** Runs a function (with JSON arguments) or an expression in the page, awaits it, returns its JSON value. */
  async evaluate(code, ...args) {
    const expression = typeof code === 'function'
      ? `(${code})(${args.map((arg) => JSON.stringify(arg) ?? 'undefined').join(', ')})`
      : code;
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression, awaitPromise: true, returnByValue: true, userGesture: true,
    });
    if (exceptionDetails) throw new Error(`in the page: ${describe(exceptionDetails)}`);
    return result.value;
  }

  /** Evaluates `code` until it is true in the page, and returns its value. Options as of `poll`. */
  async waitFor(code, options = {}, ...args) {
    return poll(() => this.evaluate(code, ...args), { what: String(code), ...options });
  }

  /** Brings the tab to the front: only there do frames run at full rate and keys arrive. */
  async bringToFront() { await this.send('Page.bringToFront'); }

  /** A real click with the mouse in the middle of the element, which must be visible. */
  async click(selector) {
    const box = await this.evaluate((query) => {
      const element = document.querySelector(query);
      if (!element) return null;
      element.scrollIntoView({ block: 'center' });
      const { left, top, width, height } = element.getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2, width, height };
    }, selector);
    if (!box) throw new Error(`nothing to click: ${selector} is not in the page`);
    if (box.width === 0 || box.height === 0) throw new Error(`nothing to click: ${selector} is not visible`);
    const at = { x: box.x, y: box.y, button: 'left', clickCount: 1 };
    await this.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...at });
    await this.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...at });
  }

  /** Puts text into a field as a user would: focus, select what is there, type over it. */
  async fill(selector, text) {
    const found = await this.evaluate((query) => {
      const field = document.querySelector(query);
      field?.focus();
      field?.select();
      return document.activeElement === field;
    }, selector);
    if (!found) throw new Error(`cannot type into ${selector}: it is not in the page or takes no focus`);
    if (text === '') await this.press('Backspace');
    else await this.send('Input.insertText', { text });
  }

  /** A real key: 'ArrowUp', 'Enter', 'Escape', ' ', 'w', 'P' ... */
  async keyDown(key) {
    const { text, ...rest } = keyOf(key);
    await this.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', text, ...rest });
  }

  async keyUp(key) {
    const { text: _, ...rest } = keyOf(key);
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...rest });
  }

  async press(key, { hold = 0 } = {}) {
    await this.keyDown(key);
    if (hold) await sleep(hold);
    await this.keyUp(key);
  }

  /** PNG of what is seen, as a Buffer. */
  async screenshot() {
    return Buffer.from((await this.send('Page.captureScreenshot', { format: 'png' })).data, 'base64');
  }

  async close() {
    this.#stop();
    await this.#browser.send('Target.closeTarget', { targetId: this.targetId });
  }
}

const KEY_CODES = {
  Backspace: 8, Tab: 9, Enter: 13, Shift: 16, Control: 17, Escape: 27, ' ': 32,
  ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40,
};

function keyOf(key) {
  const single = key.length === 1;
  let code = key;
  if (key === ' ') code = 'Space';
  else if (/^[a-z]$/i.test(key)) code = `Key${key.toUpperCase()}`;
  else if (/^[0-9]$/.test(key)) code = `Digit${key}`;
  const text = key === 'Enter' ? '\r' : single ? key : undefined;
  const windowsVirtualKeyCode = KEY_CODES[key] ?? (single ? key.toUpperCase().charCodeAt(0) : 0);
  return { key, code, text, windowsVirtualKeyCode };
}

function describe(details) {
  return details.exception?.description ?? details.exception?.value ?? details.text;
}

/**
 * Counts checks and prints one line for each.
 *   const { check, finish } = createChecks();
 *   await check('the page opens', async () => { assert.equal(...); });   // whether it passed
 *   process.exitCode = finish();     // prints `N passed, M failed`; 0, or 1 when one failed
 */
export function createChecks() {
  let passed = 0;
  let failed = 0;
  async function check(name, body) {
    try {
      await body();
      passed += 1;
      console.log(`ok - ${name}`);
      return true;
    } catch (error) {
      failed += 1;
      console.log(`not ok - ${name}\n    ${String(error?.message ?? error).replaceAll('\n', '\n    ')}`);
      return false;
    }
  }
  function finish() {
    console.log(`${passed} passed, ${failed} failed`);
    return failed === 0 && passed > 0 ? 0 : 1;
  }
  return { check, finish };
}
