import { collect } from './d';

collect(1);
