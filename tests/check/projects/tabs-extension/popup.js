const byId = (id) => document.getElementById(id);
const keep = byId('keep');
const kept = byId('kept');

async function showKept() {
  const tabs = await chrome.runtime.sendMessage({ type: 'listTabs' });
  kept.replaceChildren(...tabs.map(makeEntry));
}

function makeEntry(tab) {
  const entry = document.createElement('li');
  entry.textContent = tab.title;
  return entry;
}

keep.addEventListener('click', async () => {
  const [tab] = await chrome.tabs.query({ active: true, currentWindow: true });
  await chrome.runtime.sendMessage({ type: 'keepTab', tab: { url: tab.url, title: tab.title } });
  await showKept();
});

showKept();
