// What every contender is asked to hold.

/** 1.00, in minor units. */
export const amountMinor = 100n;
export const currency = Object.freeze({ code: 'KES', exponent: 2 });
/** What a wallet's total may reach: so much that no round ever runs out. */
export const limitMinor = 900_000_000_000n;
export const metadata = Object.freeze({ purpose: 'salary', batch: '2024-06', approvedBy: 'ops-17' });
