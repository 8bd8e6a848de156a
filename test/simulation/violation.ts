// What a simulation can find.

/**
 * - `overspent`: more was promised than there is above the floor.
 * - `uncovered`: a payout is under way, or was made, and no hold says so.
 * - `paid twice`: one reference, two payouts.
 * - `counters`: the totals of the store are not the sum of its rows.
 * - `stuck`: a call was never answered.
 * - `left over`: the outcome is known, and the money still held.
 * - `refused`: a payout that fits was refused when nothing stood in its way.
 * - `unexpected`: an error that nothing in the history accounts for.
 */
export type Rule =
  | 'overspent'
  | 'uncovered'
  | 'paid twice'
  | 'counters'
  | 'stuck'
  | 'left over'
  | 'refused'
  | 'unexpected';

export const rules: readonly Rule[] = [
  'overspent',
  'uncovered',
  'paid twice',
  'counters',
  'stuck',
  'left over',
  'refused',
  'unexpected',
];

export class Violation extends Error {
  override readonly name = 'Violation';
  readonly rule: Rule;

  constructor(rule: Rule, explanation: string, options: { cause?: unknown } = {}) {
    super(`${rule}: ${explanation}`, options);
    this.rule = rule;
  }
}

/** Notes a violation; what happens then goes on, so that nobody in the history can catch it. */
export type Report = (rule: Rule, explanation: string, cause?: unknown) => void;

/** Something that goes wrong outside the guard, as the seed wants it: a lost answer, a client that leaves. */
export class ExpectedError extends Error {
  override readonly name = 'ExpectedError';
}
