export function f(a) {
  return a;
}

function forgotten() {}
