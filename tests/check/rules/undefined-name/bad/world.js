function startWorld() {}
