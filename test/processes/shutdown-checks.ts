// Rules for a shutdown under load. Every rule compares facts of the bank, the store, the clients and the process with
// each other. None compares them with the plan, because a slow machine ends fewer payouts in time.
import type { LeftOpen } from 'payout-guard';
import type { ApiReport, PayEnd } from './payment-api.js';
import { underWay } from './shutdown-plan.js';
import type { Facts, KnownHold } from './shutdown-run.js';

/** The bound that docs/shutting-down.md promises beyond `waitMs`, in milliseconds. */
const closingMs = 1_000;
/** Longest time after which verdicts reach a restored database: the client reconnects, and the guard retries. */
const backMs = 1_200;
/** The amount by which timers may end too early, by the clock that the test reads. */
const timerMs = 5;

/**
 * The time that the process took to end beyond `waitMs`, without the time in which the machine kept it from running.
 */
export function overtimeMs({ plan, report, exit, lagMs }: Facts): number {
  return exit.atMs - report.signalledAtMs - report.lagMs - lagMs - plan.waitMs;
}

/** Returns the problems found, as sentences. */
export function shutdownProblems(facts: Facts): string[] {
  const payouts = facts.plan.payouts.map(({ reference }) => new PayoutFacts(facts, reference));
  const reserved = facts.plan.reserved.map(({ reference }) => new PayoutFacts(facts, reference));
  return [
    ...facts.problems,
    ...payouts.flatMap(moneyProblems),
    ...payouts.flatMap(leftProblems),
    ...reserved.flatMap(reservedProblems),
    ...[...payouts, ...reserved].flatMap(earlierProblems),
    ...lateProblems(facts),
    ...reportProblems(facts),
    ...endProblems(facts),
  ];
}

/** The facts of one payout. */
class PayoutFacts {
  readonly reference: string;
  readonly outcome: 'pending' | 'paid' | 'rejected' | undefined;
  readonly hold: KnownHold | undefined;
  /** Its entries in the report. */
  readonly left: ApiReport['open'];
  /** Those of earlier attempts: the store was slow, and the client sent the payout again. */
  readonly earlier: ApiReport['open'];
  /** The end of `pay`, with a flag for an end before the guard's report. */
  readonly end: { readonly as: PayEnd; readonly isInTime: boolean } | undefined;
  /** The store did not take the verdict at the first try. */
  readonly isUnsettled: boolean;
  readonly answer: Facts['answers'] extends ReadonlyMap<string, infer Answer> ? Answer | undefined : never;

  constructor({ report, book, holds, answers }: Facts, reference: string) {
    const ended = report.ended.find(([of]) => of === reference);
    this.reference = reference;
    this.outcome = book.get(reference)?.outcome;
    this.hold = holds.get(reference);
    const reported = report.open.filter((left) => left.reference === reference);
    const isEarlier = ({ attempt }: LeftOpen) => this.hold !== undefined && attempt !== this.hold.attempt;
    this.left = reported.filter((left) => !isEarlier(left));
    this.earlier = reported.filter(isEarlier);
    this.end = ended && { as: ended[1], isInTime: ended[2] < report.reportedAtMs };
    this.isUnsettled = report.unsettled.includes(reference);
    this.answer = answers.get(reference);
  }

  get pending(): string | undefined {
    return this.left[0]?.pending;
  }

  get isOpen(): boolean {
    return this.hold?.state === 'sent' || this.hold?.state === 'reserved';
  }
}

/** No captured payout is lost, and none is captured or released against the facts. */
function moneyProblems({ reference, outcome, hold, end, pending, isUnsettled, answer }: PayoutFacts): string[] {
  const problems: string[] = [];
  if (!hold) return [`${reference} has no hold`];
  const { state } = hold;
  if (state === 'released' && outcome !== 'rejected')
    problems.push(`${reference} was released, and the bank has it as ${outcome}`);
  if (state === 'captured' && outcome !== 'paid')
    problems.push(`${reference} was captured, and the bank has it as ${outcome}`);
  if (state === 'captured' && `${hold.capturedMinor}` !== `${hold.amountMinor}`) {
    problems.push(`${reference} was captured with ${hold.capturedMinor}, and paid with ${hold.amountMinor}`);
  }
  if (answer === 201 && outcome !== 'paid')
    problems.push(`${reference} was answered 201, and the bank has it as ${outcome}`);
  if (end && end.as !== 'threw' && outcome !== end.as)
    problems.push(`${reference} ended as ${end.as}, and the bank has it as ${outcome}`);
  const wanted = end?.as === 'paid' ? 'captured' : end?.as === 'rejected' ? 'released' : undefined;
  if (wanted !== undefined && state !== wanted) {
    const verdict = end?.as === 'paid' ? 'captured' : 'failed';
    // The report contains it if the store was silent, or if the payment function ended during the report.
    const isHandedOver = (isUnsettled && pending === verdict) || (end?.isInTime === false && pending !== undefined);
    if (!isHandedOver) problems.push(`${reference} was ${end?.as}, its pay returned, and its hold is ${state}`);
  }
  return problems;
}

/** The report contains every open payout, and no other. */
function leftProblems({ reference, hold, outcome, end, left, pending, isOpen, isUnsettled }: PayoutFacts): string[] {
  const problems: string[] = [];
  if (left.length > 1) problems.push(`${reference} is reported ${left.length} times`);
  // Without a known verdict, none can be handed over. A look-up by another process ends the payout.
  const isUnknown = end?.as === 'threw' && end.isInTime;
  if (isUnknown && hold?.state !== 'sent')
    problems.push(`the outcome of ${reference} is unknown, and its hold is ${hold?.state}`);
  if (isOpen && !isUnknown && pending === undefined) problems.push(`${reference} stays open, and is not reported`);
  if (pending === undefined) return problems;
  if (pending === 'paying' ? end?.isInTime === true : end === undefined && outcome === 'pending') {
    problems.push(
      `${reference} is reported as ${pending}, and its pay ${end ? 'returned before' : 'has not returned'}`,
    );
  }
  if (pending === 'captured' && outcome !== 'paid')
    problems.push(`${reference} is reported as captured, and the bank has it as ${outcome}`);
  if (pending === 'failed' && outcome !== 'rejected')
    problems.push(`${reference} is reported as failed, and the bank has it as ${outcome}`);
  if (pending === 'released' || pending === 'returned') problems.push(`${reference} is reported as ${pending}`);
  // The store has recorded it, and its confirmation did not arrive before the report.
  const isConfirmed = !isOpen && end?.isInTime === true && !isUnsettled;
  if (isConfirmed) problems.push(`${reference} is reported as ${pending}, and its hold is ${hold?.state}`);
  return problems;
}

/** An attempt that a later one followed was not sent: at most its release is unconfirmed. */
function earlierProblems({ reference, earlier }: PayoutFacts): string[] {
  return earlier
    .filter(({ pending }) => pending !== 'released')
    .map(({ pending }) => `an earlier attempt of ${reference} is reported as ${pending}`);
}

/** A hold that was not sent when the shutdown began is released instead of paid. */
function reservedProblems({
  reference,
  hold,
  outcome,
  end,
  left,
  pending,
  isUnsettled,
  answer,
}: PayoutFacts): string[] {
  const problems: string[] = [];
  if (outcome !== undefined || end) problems.push(`${reference} was paid after the signal`);
  if (answer !== 503 && answer !== 'no answer') problems.push(`${reference} was answered ${answer}`);
  const isReleased = hold?.state === 'released' && !hold.failed;
  const isHandedOver = isUnsettled && pending === 'released' && left.length === 1;
  if (!isReleased && !isHandedOver) problems.push(`${reference} was not paid, and its hold is ${hold?.state}`);
  if (isReleased && left.length > 0 && !isUnsettled)
    problems.push(`${reference} is reported as ${pending}, and its hold is released`);
  return problems;
}

/** A request that arrives during the shutdown is refused and holds nothing. */
function lateProblems({ plan, answers, holds, isLetIn }: Facts): string[] {
  const late = plan.halfSent.flatMap(({ reference }) => {
    const answer = answers.get(reference);
    return answer === 503 || answer === 'no answer'
      ? []
      : [`${reference} arrived during the shutdown and was answered ${answer}`];
  });
  const known = new Set([...plan.payouts, ...plan.reserved].map(({ reference }) => reference));
  const held = [...holds.values()].filter(({ reference }) => !known.has(reference));
  return [
    ...(isLetIn ? ['a client that connected during the shutdown was let in'] : []),
    ...late,
    ...held.map(({ reference, state }) => `${reference} arrived during the shutdown, and its hold is ${state}`),
  ];
}

function reportProblems({ plan, report, sent, healedAtMs, lagMs }: Facts): string[] {
  const { open, begun, signalledAtMs, reportedAtMs } = report;
  const problems: string[] = [];
  const known = new Set([...plan.payouts, ...plan.reserved].map(({ reference }) => reference));
  for (const { reference } of open)
    if (!known.has(reference)) problems.push(`${reference} is reported, and is no payout`);
  if (sent !== underWay)
    problems.push(`${sent} payouts were sent to the bank, and ${underWay} began before the signal`);
  if (begun.length !== underWay)
    problems.push(`${begun.length} payment functions began, and ${underWay} payouts are under way`);
  for (const [reference, atMs] of begun) if (atMs > signalledAtMs) problems.push(`${reference} began after the signal`);
  const closedInMs = reportedAtMs - signalledAtMs;
  if (open.length > 0 && closedInMs < plan.waitMs - timerMs) {
    problems.push(`the guard left payouts open after ${Math.round(closedInMs)} ms of ${plan.waitMs} ms`);
  }
  const backInMs =
    healedAtMs === undefined ? 0 : reportedAtMs - Math.max(healedAtMs, signalledAtMs) - report.lagMs - lagMs;
  const kept = open.filter(({ pending }) => pending !== 'paying');
  if (backInMs > backMs && kept.length > 0) {
    problems.push(`${kept.length} verdicts are left, and the database was back for ${Math.round(backInMs)} ms`);
  }
  return problems;
}

function endProblems(facts: Facts): string[] {
  const { report, exit } = facts;
  const problems: string[] = [];
  const code = report.open.length === 0 ? 0 : 1;
  if (exit.code !== code)
    problems.push(`the process ended with ${exit.code ?? exit.signal}, and left ${report.open.length} open`);
  const tooLateMs = overtimeMs(facts) - closingMs;
  if (tooLateMs > 0) problems.push(`the process ended ${Math.round(tooLateMs)} ms too late`);
  return problems;
}
