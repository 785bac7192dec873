fetch('/api/todo');
fetch('/api/todos', { method: 'POST' });
