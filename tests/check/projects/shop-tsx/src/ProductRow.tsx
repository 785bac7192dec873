import type { Product } from './types';
import { formatMoney } from './money';
import { Currency } from './types';

interface Props {
  product: Product;
  onAdd: (id: string) => void;
}

export function ProductRow({ product, onAdd }: Props) {
  return (
    <div className="product" onClick={() => onAdd(product.id)}>
      {product.name} {formatMoney(product.cents, Currency.Euro)}
    </div>
  );
}
