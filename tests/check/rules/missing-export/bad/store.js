function open() {}

module.exports = { open };
