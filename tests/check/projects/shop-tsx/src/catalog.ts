import type { Product } from './types';

export const CATALOG: Product[] = [
  { id: 'tea', name: 'Tea', cents: 450 },
  { id: 'cup', name: 'Cup', cents: 900 },
];

export function findProduct(id: string): Product | undefined {
  return CATALOG.find((product) => product.id === id);
}
