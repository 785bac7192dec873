// Turns HTML that nobody vouches for into nodes that are safe to show.
//
// The text is parsed into a document that runs no scripts and loads nothing. From it a new tree
// is built, in which there is only what is allowed here by name. Nothing is cleaned in place, so
// there is nothing that could be forgotten. (While it parses, Chrome may log that the content
// security policy forbids a style or a handler. It says so of documents, too, in which none works.)

const ALLOWED = new Set([
  'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'p', 'br', 'hr',
  'ul', 'ol', 'li', 'dl', 'dt', 'dd',
  'strong', 'b', 'em', 'i', 'u', 's', 'mark', 'small', 'sub', 'sup',
  'code', 'pre', 'kbd', 'blockquote', 'q', 'cite', 'abbr',
  'table', 'caption', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td',
  'a',
]);

// Their content is no text for the reader, or is parsed by other rules than those of HTML.
const DROPPED_WITH_CONTENT = new Set([
  'script', 'style', 'template', 'iframe', 'object', 'noscript',
  'svg', 'math', 'textarea', 'select', 'title',
]);

const LINK_PROTOCOLS = new Set(['http:', 'https:', 'mailto:']);

/** A fragment of the popup's document with what is allowed of `html`; empty if nothing is. */
export function sanitizeHtml(html) {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  const fragment = document.createDocumentFragment();
  copyChildren(parsed.body, fragment);
  return fragment;
}

function copyChildren(source, target) {
  for (const node of source.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) {
      target.append(node.data);
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      copyElement(node, target);
    }
    // Comments and whatever else there may be are left out.
  }
}

function copyElement(source, target) {
  const name = source.localName;
  if (DROPPED_WITH_CONTENT.has(name)) return;
  if (!ALLOWED.has(name)) {
    copyChildren(source, target);
    return;
  }
  const copy = document.createElement(name);
  if (name === 'a') copyLink(source, copy);
  copyChildren(source, copy);
  target.append(copy);
}

function copyLink(source, copy) {
  let url;
  try {
    // Without a base, so that a relative address throws: it would lead into the extension.
    url = new URL(source.getAttribute('href') ?? '');
  } catch {
    return;
  }
  if (!LINK_PROTOCOLS.has(url.protocol)) return;
  copy.href = url.href;
  copy.target = '_blank';
  copy.rel = 'noopener noreferrer';
}
