import { app } from 'utils/app';

console.log(app);
