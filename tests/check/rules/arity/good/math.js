export function add(a, b = 0) {
  return a + b;
}
