import { io } from 'socket.io-client';
const socket = io();
socket.emit('join', { room: 'a', name: 'b' });
