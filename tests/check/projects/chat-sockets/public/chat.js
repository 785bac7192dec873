const socket = io();
const lines = document.getElementById('lines');
const room = 'hall';
const nickname = 'guest';

function showLine(text) {
  const line = document.createElement('li');
  line.textContent = text;
  lines.append(line);
  document.dispatchEvent(new CustomEvent('chat:line', { detail: { size: text.length } }));
}

socket.emit('enter', { room, nickname });
socket.on('entered', ({ who, total }) => showLine(`${who} came in, ${total} lines so far`));
socket.on('said', (line) => showLine(`${line.who}: ${line.words}`));

document.getElementById('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = document.getElementById('words');
  socket.emit('say', { room: room, nickname: nickname, words: field.value });
  field.value = '';
});
