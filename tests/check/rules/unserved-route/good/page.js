const id = 1;
fetch(`/api/todos/${id}`);
fetch('https://example.com/api/x');
