import { loadTabs, saveTab } from './storage.js';
import { MESSAGES } from './messages.js';

chrome.alarms.create('cleanup', { periodInMinutes: 60 });

chrome.alarms.onAlarm.addListener(async (alarm) => {
  if (alarm.name === 'cleanup') await removeOld(await loadTabs());
});

async function removeOld(tabs) {
  await chrome.storage.local.set({ tabs: tabs.slice(-50) });
}

chrome.runtime.onMessage.addListener((message, sender, sendResponse) => {
  if (message.type === 'keepTab') {
    saveTab(message.tab, Date.now()).then(sendResponse);
    return true;
  }
  if (message.type === 'listTabs') {
    loadTabs().then(sendResponse);
    return true;
  }
  if (message.type === MESSAGES.PAGE_READY) {
    sendResponse({ ok: true });
  }
  return false;
});
