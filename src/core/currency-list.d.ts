// The list of the package currency-codes alone: its index has functions besides, which a bundle need not carry.
declare module 'currency-codes/data.js' {
  import type { CurrencyCodeRecord } from 'currency-codes';

  const list: readonly CurrencyCodeRecord[];
  export default list;
}
