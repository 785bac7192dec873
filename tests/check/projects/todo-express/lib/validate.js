const LONGEST_TITLE = 200;

function validateTodo(todo) {
  if (!todo || typeof todo.title !== 'string') return 'a title is needed';
  return checkLength(todo.title, LONGEST_TITLE);
}

function checkLength(text, limit) {
  return text.length > limit ? `longer than ${limit}` : null;
}

module.exports.validateTodo = validateTodo;
