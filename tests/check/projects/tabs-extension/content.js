chrome.runtime.sendMessage({ type: 'pageReady' });
document.body.classList.add('tab-keeper-mark');
