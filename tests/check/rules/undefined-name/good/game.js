startWorld();
