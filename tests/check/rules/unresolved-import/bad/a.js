import { add } from './maths.js';
add(1);
