// The popup: its two forms, the call in flight, and what is shown of it.

import { ApiError, requestSummary } from './api.js';
import { sanitizeHtml } from './sanitize.js';
import { DEFAULT_SETTINGS, loadSettings, normalizeBaseUrl, requestAccess, saveSettings } from './settings.js';

const TIMER_INTERVAL_MS = 100;

const byId = (id) => document.getElementById(id);
const pageTitle = byId('page-title');
const settingsButton = byId('settings-button');
const settingsForm = byId('settings-form');
const apiKey = byId('api-key');
const baseUrl = byId('base-url');
const model = byId('model');
const summaryForm = byId('summary-form');
const summaryPrompt = byId('summary-prompt');
const stylePrompt = byId('style-prompt');
const startButton = byId('start-button');
const stopButton = byId('stop-button');
const progress = byId('progress');
const timer = byId('timer');
const statusLine = byId('status');
const answer = byId('answer');

/** The open page; until it has been read, the start button is disabled. */
let page = null;

/** The call in flight: { controller, startedAt, interval }, or null. */
let call = null;

// What is shown

function showStatus(text, kind = 'info') {
  statusLine.dataset.kind = kind;
  statusLine.textContent = text;
}

function showSettingsForm(visible) {
  settingsForm.hidden = !visible;
  settingsButton.setAttribute('aria-expanded', String(visible));
}

function fillSettingsForm(settings) {
  apiKey.value = settings.apiKey;
  baseUrl.value = settings.baseUrl;
  model.value = settings.model;
}

function askForKey() {
  showSettingsForm(true);
  apiKey.focus();
}

function formatSeconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

// The call

/** Stops the call in flight, if any, and takes its place. */
function beginCall() {
  endCall();
  const startedAt = performance.now();
  const renewTimer = () => { timer.textContent = formatSeconds(performance.now() - startedAt); };
  call = { controller: new AbortController(), startedAt, interval: setInterval(renewTimer, TIMER_INTERVAL_MS) };
  renewTimer();
  progress.hidden = false;
  stopButton.hidden = false;
  answer.replaceChildren();
  answer.setAttribute('aria-busy', 'true');
  showStatus('Waiting for the model …');
  return call;
}

/** Aborts the call in flight, which does nothing to one that is over, and shows that there is none. */
function endCall() {
  if (!call) return;
  call.controller.abort();
  clearInterval(call.interval);
  call = null;
  progress.hidden = true;
  // A button that vanishes takes the focus with it, and with that the place of a keyboard user.
  if (document.activeElement === stopButton) startButton.focus();
  stopButton.hidden = true;
  answer.setAttribute('aria-busy', 'false');
}

async function summarize() {
  const own = beginCall();
  try {
    await restoreBlankPrompts();
    const settings = await loadSettings();
    if (own !== call) return;
    if (settings.apiKey === '') {
      endCall();
      showStatus('Please enter an API key first.', 'error');
      askForKey();
      return;
    }

    const html = await requestSummary(settings, page, own.controller.signal);
    if (own !== call) return;
    const content = sanitizeHtml(html);
    if (content.textContent.trim() === '') throw new ApiError("The model's answer holds nothing that can be shown.");
    endCall();
    answer.replaceChildren(content);
    showStatus(`Done in ${formatSeconds(performance.now() - own.startedAt)}.`);
  } catch (error) {
    // A call that was replaced or stopped has nothing more to say.
    if (own !== call) return;
    endCall();
    showStatus(error instanceof ApiError ? error.message : `Something went wrong: ${error.message}`, 'error');
    if (error.status === 401) {
      await saveSettings({ apiKey: '' });
      apiKey.value = '';
      askForKey();
    }
  }
}

async function restoreBlankPrompts() {
  if (summaryPrompt.value.trim() === '') summaryPrompt.value = DEFAULT_SETTINGS.summaryPrompt;
  if (stylePrompt.value.trim() === '') stylePrompt.value = DEFAULT_SETTINGS.stylePrompt;
  await savePrompts();
}

function savePrompts() {
  return saveSettings({ summaryPrompt: summaryPrompt.value, stylePrompt: stylePrompt.value });
}

// The settings

async function saveSettingsForm() {
  let changes;
  try {
    changes = {
      apiKey: apiKey.value.trim(),
      baseUrl: normalizeBaseUrl(baseUrl.value),
      model: model.value.trim() || DEFAULT_SETTINGS.model,
    };
  } catch (error) {
    showStatus(error.message, 'error');
    baseUrl.focus();
    return;
  }
  endCall();
  // First stored, then asked: Chrome may close the popup when it shows its question.
  await saveSettings(changes);
  fillSettingsForm(changes);
  const granted = await requestAccess(changes.baseUrl);
  if (changes.apiKey === '') {
    showStatus('Settings saved. An API key is still needed.');
    askForKey();
    return;
  }
  showSettingsForm(false);
  startButton.focus();
  showStatus(granted
    ? 'Settings saved.'
    : `Settings saved. Without access to ${new URL(changes.baseUrl).host}, calls work only if it allows CORS.`);
}

// The page

async function readOpenPage() {
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  const reply = await chrome.runtime.sendMessage({ type: 'getPageContent', tabId: tab.id });
  if (reply.error) throw new Error(reply.error);
  return reply.page;
}

async function start() {
  settingsButton.addEventListener('click', () => showSettingsForm(settingsForm.hidden));
  settingsForm.addEventListener('submit', (event) => {
    event.preventDefault();
    saveSettingsForm();
  });
  summaryForm.addEventListener('submit', (event) => {
    event.preventDefault();
    summarize();
  });
  summaryForm.addEventListener('input', savePrompts);
  stopButton.addEventListener('click', () => {
    endCall();
    showStatus('Stopped.');
  });

  const settings = await loadSettings();
  fillSettingsForm(settings);
  summaryPrompt.value = settings.summaryPrompt;
  stylePrompt.value = settings.stylePrompt;
  if (settings.apiKey === '') askForKey();

  try {
    page = await readOpenPage();
  } catch (error) {
    showStatus(error.message, 'error');
    return;
  }
  pageTitle.textContent = page.title || 'Page without a title';
  startButton.disabled = false;
  const notes = [];
  if (settings.apiKey === '') notes.push('An API key is needed: enter one and save it.');
  if (page.truncated) notes.push('This page is long; only its beginning will be summarised.');
  showStatus(notes.join(' '));
}

start();
