import { createTodo, fetchTodos, removeTodo, toggleTodo } from './api.js';
import { renderList } from './view.js';

const list = document.getElementById('todo-list');
const form = document.getElementById('new-todo');
const title = document.getElementById('title');

async function refresh() {
  renderList(list, await fetchTodos(), { onToggle, onRemove });
}

async function onToggle(id) {
  await toggleTodo(id);
  await refresh();
}

async function onRemove(id) {
  await removeTodo(id);
  document.dispatchEvent(new CustomEvent('todo:removed', { detail: id }));
  await refresh();
}

document.addEventListener('todo:removed', () => title.focus());

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  await createTodo(title.value);
  await refresh();
});

refresh();
