const form = document.getElementById('entry-form');
const nameField = document.getElementById('entry-name');
const textField = document.getElementById('entry-text');
const list = document.getElementById('entries');
const problem = document.querySelector('#problem');

async function loadEntries() {
  const answer = await fetch('/api/entries');
  showEntries(await answer.json());
}

function showEntries(entries) {
  list.replaceChildren(...entries.map((entry) => makeItem(entry, removeEntry)));
}

function makeItem(entry, onRemove) {
  const item = document.createElement('li');
  item.classList.add('entry');
  item.textContent = `${entry.name}: ${entry.text}`;
  item.addEventListener('click', () => onRemove(entry.id));
  return item;
}

async function removeEntry(id) {
  await fetch(`/api/entries/${id}`, { method: 'DELETE' });
  await loadEntries();
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ name: nameField.value, text: textField.value });
  const answer = await fetch('/api/entries', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  problem.textContent = answer.ok ? '' : (await answer.json()).error;
  await loadEntries();
});

loadEntries();
