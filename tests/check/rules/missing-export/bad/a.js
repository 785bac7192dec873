import { ad } from './math.js';
ad(1);
