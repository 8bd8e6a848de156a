// The ways a request can end, and the result for the money: the rows of docs/endings.md. `endings.test.ts` of each
// framework runs them, and `scripts/endings-docs.ts` writes the tables. `deviations.ts` has what differs, and why.
import type { Ending, Route } from './ending.js';
import { ofGuard } from './guard-rows.js';
import { ofGuardWithoutVerdicts, ofGuardWithPay, ofTwoGuards } from './guard-variant-rows.js';
import { ofInterruptedPayoutRoute } from './payout-route-interruptions.js';
import { ofPayoutRoute } from './payout-route-rows.js';
import { ofRefusals } from './refusal-rows.js';
import type { Row } from './results.js';

const of = (route: Route, rows: readonly Row[]): Ending[] => rows.map((row) => ({ route, ...row }));

export const endings: readonly Ending[] = [
  ...of('payoutRoute', [...ofPayoutRoute, ...ofInterruptedPayoutRoute, ...ofRefusals]),
  ...of('requireSufficientFunds', [...ofGuard, ...ofRefusals]),
  ...of("requireSufficientFunds, verdictOn: 'none'", ofGuardWithoutVerdicts),
  ...of('requireSufficientFunds, holdOf(res).pay', ofGuardWithPay),
  ...of('requireSufficientFunds twice', ofTwoGuards),
];

/** A description of the row for readers and for test titles. */
export function titleOf({ route, payment, handler, meanwhile }: Ending): string {
  const end = `the handler ${handler}${meanwhile ? `, ${meanwhile}` : ''}`;
  return `${route}: ${payment ? `the payment ${payment}` : 'no payment'}, ${end}`;
}
