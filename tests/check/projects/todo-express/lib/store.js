const { nanoid } = require('nanoid');

class TodoStore {
  constructor(limit) {
    this.limit = limit;
    this.items = new Map();
  }

  all() {
    return [...this.items.values()];
  }

  add(title) {
    if (this.isFull()) throw new Error('too many todos');
    const todo = { id: nanoid(), title, done: false };
    this.items.set(todo.id, todo);
    return todo;
  }

  toggle(id) {
    const todo = this.items.get(id);
    if (todo) todo.done = !todo.done;
    return todo;
  }

  remove(id) {
    this.items.delete(id);
  }

  isFull() {
    return this.items.size >= this.limit;
  }
}

module.exports = { TodoStore };
