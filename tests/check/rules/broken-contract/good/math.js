export function add(a, b) {
  return a + b;
}
export const half = (a) => a / 2;
