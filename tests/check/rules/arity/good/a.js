import { add } from './math.js';

add(1, 2);
add(1);
add(...[1, 2]);
