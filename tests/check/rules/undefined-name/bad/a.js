export function f(a) {
  g(a);
}
