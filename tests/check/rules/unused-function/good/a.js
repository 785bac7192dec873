export function f(a) {
  return used(a);
}

function used(a) {
  return a;
}
