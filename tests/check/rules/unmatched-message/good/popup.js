chrome.runtime.sendMessage({ type: 'getPage' });
