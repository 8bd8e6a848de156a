// The violations that a simulation can find.

/** The rules, worst first, each with the meaning of a violation. */
export const rules = [
  /** More was promised than the balance above the floor. */
  'overspent',
  /** A payout is under way, or was made, and no hold covers it. */
  'uncovered',
  /** One reference, two payouts, or a second try with a reference that is used up. */
  'paid twice',
  /** A hold was granted above a limit of its wallet. */
  'above a limit',
  /** A provider, a guard or a hold of one wallet dealt with a payout of another. */
  'foreign',
  /** The totals of the store, or its counters of a day, are not the sum of its rows. */
  'counters',
  /** Some payouts of a payroll that is all or none are held, and others are not. */
  'half held',
  /** A known verdict was lost, or money stays held, without an event, warning or report. */
  'silent',
  /** A client was answered that a payout was not made although it may have been. */
  'misreported',
  /** A call was not answered, or too late. */
  'stuck',
  /** The outcome is known, and the money still held. */
  'left over',
  /** A payout that fits, in the balance and in every limit, was refused without a reason. */
  'refused',
  /** An error without an explanation in the history. */
  'unexpected',
] as const;

export type Rule = (typeof rules)[number];

export class Violation extends Error {
  override readonly name = 'Violation';
  readonly rule: Rule;

  constructor(rule: Rule, explanation: string, options: { cause?: unknown } = {}) {
    super(`${rule}: ${explanation}`, options);
    this.rule = rule;
  }
}

/** Records a violation. The history continues to the end of its step, so that no code in it can catch the violation. */
export type Report = (rule: Rule, explanation: string, cause?: unknown) => void;

/** A failure outside the guard, drawn from the seed: a lost answer, a client that leaves, a bug of the application. */
export class ExpectedError extends Error {
  override readonly name = 'ExpectedError';
}
