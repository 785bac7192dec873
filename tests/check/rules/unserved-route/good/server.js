const app = require('express')();

app.get('/api/todos/:id', (request, response) => response.json([]));
