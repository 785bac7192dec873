export function f(a) {
  // ... rest of the code unchanged
  return a;
}
