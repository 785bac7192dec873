import { add } from './math.js';
add(1);
