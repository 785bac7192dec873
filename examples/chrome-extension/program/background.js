// Service worker: reads the open page when the popup asks for it. Holds no state, so that Chrome
// may stop and start it at any time.

import { MAX_TEXT_LENGTH, readPage } from './page_reader.js';

chrome.runtime.onMessage.addListener((message, sender, sendResponse) => {
  if (message?.type !== 'getPageContent') return false;
  getPageContent(message.tabId).then(sendResponse);
  return true; // the answer comes later
});

async function getPageContent(tabId) {
  let page;
  try {
    // The click on the toolbar button has granted access to this tab (activeTab).
    const [injection] = await chrome.scripting.executeScript({
      target: { tabId },
      func: readPage,
      args: [MAX_TEXT_LENGTH],
    });
    page = injection?.result;
  } catch {
    // Chrome's own wording is about manifests and means nothing to the user.
    return { error: 'This page cannot be read: Chrome does not let extensions into it.' };
  }
  if (!page?.text) return { error: 'This page has no text to summarise.' };
  return { page };
}
