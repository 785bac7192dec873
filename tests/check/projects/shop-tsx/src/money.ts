import { Currency } from './types';

export function formatMoney(cents: number, currency: Currency): string {
  return `${(cents / 100).toFixed(2)} ${currency}`;
}

export default formatMoney;
