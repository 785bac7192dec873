import * as Shapes from './shapes';
import Box = Shapes.Box;

export const box: Box = { label: $localize`a box` };
console.log(Box);
