import { add } from './math.js';
import { add as plus } from './all.js';
add(plus(1));
