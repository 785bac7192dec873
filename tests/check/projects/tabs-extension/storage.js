export async function loadTabs() {
  const { tabs } = await chrome.storage.local.get({ tabs: [] });
  return tabs;
}

export async function saveTab(tab, time) {
  const tabs = await loadTabs();
  tabs.push({ ...describe(tab), time });
  await chrome.storage.local.set({ tabs });
}

function describe(tab) {
  return { url: tab.url, title: tab.title };
}
