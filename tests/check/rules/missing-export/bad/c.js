const { opn } = require('./store');

opn();
