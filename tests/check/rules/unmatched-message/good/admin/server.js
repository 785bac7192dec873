import { Server } from 'socket.io';

const io = new Server();
io.on('connection', (socket) => {
  socket.on('getInstalled', () => socket.emit('installed'));
  socket.on('close', () => {});
});
