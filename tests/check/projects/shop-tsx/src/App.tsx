import { useState } from 'react';
import { Cart } from './cart';
import { CATALOG } from './catalog';
import formatMoney from './money';
import { ProductRow } from './ProductRow';
import { Currency } from './types';

const cart = new Cart(10);

export function App() {
  const [total, setTotal] = useState(0);
  const add = (id: string) => {
    cart.addProduct(id, 1);
    setTotal(cart.totalCents());
  };
  return (
    <main>
      {CATALOG.map((product) => (
        <ProductRow key={product.id} product={product} onAdd={add} />
      ))}
      <p className="total">{formatMoney(total, Currency.Euro)}</p>
    </main>
  );
}
