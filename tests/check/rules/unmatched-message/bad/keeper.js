chrome.runtime.onMessage.addListener((message, sender, sendResponse) => {
  switch (message.type) {
    case 'keep':
      console.log(message.tabId, message.time || 0, message.place?.city);
      sendResponse({ text: 'kept' });
      break;
    case 'drop':
      console.log(message.count);
      sendResponse({ left: 1 });
  }
});
