export async function send(account, url) {
  await fetch(`${account.serverUrl}/api/todos`, { method: 'POST' });
  await fetch(`${url}/api/todos`, { method: 'POST' });
}
