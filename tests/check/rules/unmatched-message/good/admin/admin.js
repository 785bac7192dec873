import { io } from 'socket.io-client';

const pluginsSocket = io();
pluginsSocket.emit('getInstalled');
pluginsSocket.on('installed', () => {});
