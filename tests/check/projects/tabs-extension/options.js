import { loadTabs } from './storage.js';

const limit = document.querySelector('#limit');

limit.addEventListener('change', async () => {
  const tabs = await loadTabs();
  await chrome.storage.local.set({ limit: Number(limit.value), count: tabs.length });
});
