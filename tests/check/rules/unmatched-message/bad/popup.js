chrome.runtime.sendMessage({ type: 'getPages' });
