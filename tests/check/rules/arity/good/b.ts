import { one } from './one';

one('a');
