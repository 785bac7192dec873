function g(a) {
  return a;
}
export function f(a) {
  if (typeof process !== "undefined") console.log(a);
  g(a);
}
