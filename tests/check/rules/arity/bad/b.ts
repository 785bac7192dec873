import { one } from './one';

one();
