const app = require('express')();

app.get('/api/todos', (request, response) => response.json([]));
