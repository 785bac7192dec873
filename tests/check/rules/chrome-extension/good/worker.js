chrome.alarms.create("a", {});
chrome.action.onClicked.addListener(() => {});
