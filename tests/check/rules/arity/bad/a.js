import { add } from './math.js';

add(1, 2, 3);
