const app = require('express')();

app.get('/api/todos/:id', (request, response) => response.json([]));
app.get('/notes', (request, response) => response.json([]));
app.post('/api/notes', (request, response) => response.json([]));
