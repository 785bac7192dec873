import { findProduct } from './catalog';
import type { Line } from './types';

export class Cart {
  private lines: Line[] = [];

  constructor(private readonly limit: number) {}

  addProduct(id: string, count: number): void {
    const product = findProduct(id);
    if (!product) throw new Error(`no such product: ${id}`);
    this.lines.push({ product, count: this.clamp(count) });
  }

  totalCents(): number {
    return this.lines.reduce((sum, line) => sum + lineCents(line), 0);
  }

  listLines(): Line[] {
    return [...this.lines];
  }

  private clamp(count: number): number {
    return Math.min(count, this.limit);
  }
}

function lineCents(line: Line): number {
  return line.product.cents * line.count;
}
