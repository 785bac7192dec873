const express = require('express');
const { TodoStore } = require('../lib/store');
const { validateTodo } = require('../lib/validate');

const router = express.Router();
const store = new TodoStore(100);

router.get('/', (request, response) => {
  response.json(store.all());
});

router.post('/', (request, response) => {
  const problem = validateTodo(request.body);
  if (problem) return response.status(400).json({ problem });
  return response.status(201).json(store.add(request.body.title));
});

router.patch('/:id', (request, response) => {
  response.json(store.toggle(request.params.id));
});

router.delete('/:id', (request, response) => {
  store.remove(request.params.id);
  response.status(204).end();
});

module.exports = router;
