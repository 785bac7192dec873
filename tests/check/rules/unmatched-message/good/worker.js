chrome.runtime.onMessage.addListener((message) => {
  if (message.type === 'getPage') console.log(message);
});
