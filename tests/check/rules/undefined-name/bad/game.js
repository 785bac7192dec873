strtWorld();
