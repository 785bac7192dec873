const form = document.getElementById('create-form');
const target = document.getElementById('target');
const result = document.getElementById('result');

async function createLink(address, owner) {
  const answer = await fetch('/api/links', { method: 'POST', body: JSON.stringify({ target: address, owner }) });
  return (await answer.json()).key;
}

async function showLink(key) {
  const answer = await fetch(`/api/links/${key}`);
  result.textContent = (await answer.json()).target;
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  await showLink(await createLink(target.value, 'me'));
});
