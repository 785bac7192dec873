async function send() {
  const kept = await chrome.runtime.sendMessage({ type: 'keep', tab: 1 });
  const { left } = await chrome.runtime.sendMessage({ type: 'drop', count: 2 });
  console.log(kept.text, left);
}
send();
