chrome.runtime.onMessage.addListener((message, sender, sendResponse) => {
  if (message.type === 'getPage') console.log(message);
});
