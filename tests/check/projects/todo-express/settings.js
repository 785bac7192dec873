const DEFAULT_PORT = 3000;

function readSettings(environment) {
  return { port: Number(environment.PORT || DEFAULT_PORT) };
}

module.exports = { readSettings, DEFAULT_PORT };
