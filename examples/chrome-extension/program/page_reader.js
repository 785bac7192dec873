// The function that runs inside the open page.

/** The most characters of a page that are sent to the model. */
export const MAX_TEXT_LENGTH = 48_000;

/**
 * Reads the page that it runs in.
 * chrome.scripting sends the source text of this function into the page: it must not use
 * anything from outside itself, and its result must be JSON.
 */
export function readPage(maxLength) {
  const whole = (document.body?.innerText ?? document.documentElement?.textContent ?? '').trim();
  // A cut in the middle of a surrogate pair would leave half a character behind.
  const text = whole.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, '');
  return { title: document.title.trim(), text, truncated: text.length < whole.length };
}
