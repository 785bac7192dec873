const { open } = require('./store');

open();
