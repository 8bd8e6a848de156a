// The payout that every contender holds.

/** 1.00, in minor units. */
export const amountMinor = 100n;
export const currency = Object.freeze({ code: 'KES', exponent: 2 });
/** The limit of a wallet's total, too high for any round to reach. */
export const limitMinor = 900_000_000_000n;
export const metadata = Object.freeze({ purpose: 'salary', batch: '2024-06', approvedBy: 'ops-17' });
