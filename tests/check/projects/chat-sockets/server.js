const express = require('express');
const http = require('http');
const { Server } = require('socket.io');
const { remember, recent } = require('./history');

const app = express();
const server = http.createServer(app);
const io = new Server(server);

app.use(express.static('public'));

io.on('connection', (socket) => {
  socket.on('enter', ({ room, nickname }) => {
    socket.join(room);
    io.to(room).emit('entered', { who: nickname, total: recent(room).length });
  });
  socket.on('say', (message) => {
    remember(message.room, message.words);
    io.to(message.room).emit('said', { who: message.nickname, words: message.words });
  });
});

server.listen(3000);
