export function one(a: string, b?: number) {
  return a + b;
}
