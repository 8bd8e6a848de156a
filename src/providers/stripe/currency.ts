// The unit in which Stripe counts a currency. It is not always that of ISO 4217.
// Source: the provider's page "Supported currencies", sections on zero-decimal and three-decimal currencies and on
// special cases, and its support article on fractional amounts in ISK.

// Not UGX: it has no decimals any more, and Stripe still counts it in hundredths. ISK is another such case, and HUF and
// TWD are for payouts.
const withoutDecimals = new Set('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF'.split(' '));
const withThreeDecimals = new Set('BHD JOD KWD OMR TND'.split(' '));

/** Decimals of the amounts of a currency at Stripe. */
export function stripeExponent(currency: string): number {
  if (withoutDecimals.has(currency)) return 0;
  return withThreeDecimals.has(currency) ? 3 : 2;
}
