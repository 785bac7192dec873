export function renderList(list, todos, actions) {
  list.replaceChildren(...todos.map((todo) => renderTodo(todo, actions)));
}

function renderTodo(todo, actions) {
  const item = document.createElement('li');
  item.textContent = todo.title;
  item.classList.toggle('done', todo.done);
  item.addEventListener('click', () => actions.onToggle(todo.id));
  item.addEventListener('dblclick', () => actions.onRemove(todo.id));
  return item;
}
