export function f(a) {
  // The rest of the code calls this once.
  return a;
}
