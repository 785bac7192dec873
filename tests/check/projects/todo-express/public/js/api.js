async function send(url, method, body) {
  const answer = await fetch(url, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer;
}

export async function fetchTodos() {
  const answer = await fetch('/api/todos');
  return answer.json();
}

export function createTodo(title) {
  return send('/api/todos', 'POST', { title });
}

export function toggleTodo(id) {
  return fetch(`/api/todos/${id}`, { method: 'PATCH' });
}

export function removeTodo(id) {
  return fetch(`/api/todos/${id}`, { method: 'DELETE' });
}
