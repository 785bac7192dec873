chrome.alarms.create("a", {});
chrome.action.onClicked.addListener(() => {});
chrome.action.setPopup({ popup: "" });
chrome.management.uninstallSelf({});
