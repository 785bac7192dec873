export function f(a) {
  // The rest of the code calls this once.
  return a;
}

// TODO: implement this function on the server
export const g = f;
// previous code went through save(owner=...,
export const h = g;
