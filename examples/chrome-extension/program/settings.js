// What the user can set, and where it is kept: chrome.storage.local, one key for each setting.

export const DEFAULT_SETTINGS = Object.freeze({
  apiKey: '',
  baseUrl: 'https://api.openai.com/v1',
  model: 'gpt-4o-mini',
  summaryPrompt:
    'Summarise this page in five to eight bullet points. '
    + 'Begin with one sentence that says what the page is and whom it is for.',
  stylePrompt:
    'Plain, neutral language. '
    + 'Use short headings, lists and emphasis where they help a reader who skims.',
});

const LOCAL_HOSTS = ['127.0.0.1', 'localhost'];

/** Every setting; one that was never stored has its default. */
export function loadSettings() {
  return chrome.storage.local.get({ ...DEFAULT_SETTINGS });
}

/** Stores the given settings and leaves the others as they are. */
export function saveSettings(changes) {
  return chrome.storage.local.set(changes);
}

/** The base URL in the form in which it is stored; throws an Error with a sentence for the user. */
export function normalizeBaseUrl(input) {
  const text = input.trim();
  if (text === '') return DEFAULT_SETTINGS.baseUrl;

  let url;
  try {
    url = new URL(text);
  } catch {
    throw new Error('The base URL is not a complete URL, such as https://api.openai.com/v1.');
  }
  const local = url.protocol === 'http:' && LOCAL_HOSTS.includes(url.hostname);
  if (url.protocol !== 'https:' && !local) {
    throw new Error('The base URL must begin with https://, or with http:// on 127.0.0.1 or localhost.');
  }
  // Looks at the text as well: `https://host/v1?` has an empty query, which `search` does not show.
  if (url.username || url.password || /[?#]/.test(text)) {
    throw new Error('The base URL must not hold a user name, a query or a fragment.');
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/**
 * Asks the user for access to the host of a base URL, unless the extension has it.
 * Chrome allows the question only while it handles an action of the user.
 */
export async function requestAccess(baseUrl) {
  const { protocol, hostname } = new URL(baseUrl);
  const access = { origins: [`${protocol}//${hostname}/*`] };
  try {
    return (await chrome.permissions.contains(access)) || (await chrome.permissions.request(access));
  } catch {
    return false;
  }
}
