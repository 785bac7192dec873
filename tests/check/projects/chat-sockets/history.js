const rooms = new Map();

function remember(room, words) {
  rooms.set(room, [...recent(room), words]);
}

function recent(room) {
  return rooms.get(room) ?? [];
}

module.exports = { remember, recent };
