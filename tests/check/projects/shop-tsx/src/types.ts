export interface Product {
  id: string;
  name: string;
  cents: number;
}

export interface Line {
  product: Product;
  count: number;
}

export enum Currency {
  Euro = 'EUR',
  Dollar = 'USD',
}
