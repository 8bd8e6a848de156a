// In front of a handler that exists and pays by itself, for every framework: checks, or holds. It cannot see what the
// handler does.
import { isSilence } from '../core/ask-store.js';
import type { CheckOptions } from '../core/calls.js';
import { answerOf, thrownBy } from '../core/functions.js';
import type { AmountInput, Hold, PayoutGuard } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { warn } from '../core/warn.js';
import { assertGuard } from './assert-guard.js';
import type { Exchange } from './payout-life.js';
import { readPayout } from './read-payout.js';
import { isAnsweredByGuard, type RequestState, rememberHold } from './request-holds.js';
import {
  type CheckingRoute,
  checkingSchema,
  type HoldingRoute,
  holdingSchema,
  type MoreOptions,
} from './route-options.js';
import { servedRequests } from './served-requests.js';
import { takeHold } from './take-hold.js';

export type FundsOptions<Source extends readonly unknown[], Answered extends readonly unknown[] = Source> =
  | HoldingRoute<Source, Answered>
  | CheckingRoute<Source>;

/** The answer to a request, as its framework shows it. */
export interface GivenAnswer {
  readonly status: number;
  /** False for the answer that the framework gives because nothing else has. */
  readonly isOfHandler: boolean;
}

/** A request whose money is held. */
export interface HeldRequest<Answered extends readonly unknown[]> {
  /** To be called once when the request is answered. */
  readonly answered: (answer: GivenAnswer, ...answered: Answered) => void;
  /** To be called when the handler has ended and no answer to be judged will follow. */
  readonly ended: () => void;
}

/** A request that the handler may run for. */
export interface Admission<Answered extends readonly unknown[]> {
  /** Undefined on a route that only checks. */
  readonly held: HeldRequest<Answered> | undefined;
}

/**
 * Decides about one request. Resolves to undefined when no client waits for it, so the handler must not run.
 *
 * @throws refusals of the guard.
 */
export type Admit<Source extends readonly unknown[], Answered extends readonly unknown[] = Source> = (
  exchange: Exchange<Source>,
) => Promise<Admission<Answered> | undefined>;

/** @throws `ConfigurationError` naming every problem of the options. */
export function fundsGuard<Source extends readonly unknown[], Answered extends readonly unknown[] = Source>(
  guard: PayoutGuard,
  options: FundsOptions<Source, Answered>,
  more: MoreOptions = {},
): Admit<Source, Answered> {
  const problems = new Problems();
  const isHolding = typeof options === 'object' && options !== null && options.reference !== undefined;
  problems.read(isHolding ? holdingSchema(more) : checkingSchema(more), options);
  assertGuard(guard, options, problems);
  if (problems.any) throw problems.error();
  return isHolding
    ? holding(guard, options as HoldingRoute<Source, Answered>)
    : checking(guard, options as CheckingRoute<Source>);
}

const checked: Admission<readonly unknown[]> = { held: undefined };

function checking<Source extends readonly unknown[]>(
  guard: PayoutGuard,
  options: CheckingRoute<Source>,
): Admit<Source, readonly unknown[]> {
  const read = (source: Source): [amount: AmountInput, options: CheckOptions] | undefined => {
    try {
      const { amount, reference, ...rest } = readPayout(options, source);
      return [amount, rest];
    } catch (error) {
      // Throws, unless the guard only observes.
      guard.internals.refuse(error);
      return undefined;
    }
  };
  return async ({ source }) => {
    const payout = read(source);
    if (payout) await guard.assertSufficientFunds(...payout);
    return checked;
  };
}

function holding<Source extends readonly unknown[], Answered extends readonly unknown[]>(
  guard: PayoutGuard,
  options: HoldingRoute<Source, Answered>,
): Admit<Source, Answered> {
  const { verdictOn } = options;
  const warnOnce = warnerOf();
  const requests = servedRequests(guard);
  return async ({ source, state, isOver, route }) => {
    const hold = await takeHold(guard, options, source, 'sent');
    if (isOver()) {
      // The payout has not begun, so it does not. A release that the store could not take is kept by the guard.
      await hold.release({ notSent: true }).catch(() => {});
      return undefined;
    }
    rememberHold(state, hold);
    const ended = requests.begin(hold);
    const answered = (answer: GivenAnswer, ...shown: Answered): void => {
      if (verdictOn !== 'none' && isOpen(hold, state)) {
        const doubt = judge(hold, answer, () => verdictOn(...shown));
        if (doubt) warnOnce(doubt, hold, route());
      }
      ended();
    };
    return { held: { answered, ended } };
  };
}

/** False if the handler has paid under the hold or settled it, or an error of the guard is answered. */
function isOpen(hold: Hold, state: RequestState): boolean {
  return !hold.isPaying && hold.state === 'sent' && !isAnsweredByGuard(state);
}

/** Settles the hold by the verdict of the application, or returns why its answer proves nothing. */
function judge(hold: Hold, answer: GivenAnswer, ask: () => unknown): Doubt | undefined {
  if (!answer.isOfHandler) return 'not answered';
  const verdict = verdictOf(hold, ask);
  if (verdict === 'completed') hold.capture().catch((error) => warnOfContradiction(hold, 'made', error));
  if (verdict !== 'failed') return undefined;
  // Frameworks answer 404 when a handler has paid and passed the request on, and for the 404 of an HTTP client.
  if (answer.status === 404) return '404';
  hold.release().catch((error) => warnOfContradiction(hold, 'not made', error));
  return undefined;
}

/** A reason why an answer proves nothing. */
type Doubt = 'not answered' | '404';

/** Makes a function that warns once for each reason. */
function warnerOf(): (doubt: Doubt, hold: Hold, route: string) => void {
  const warned = new Set<Doubt>();
  return (doubt, { reference }, route) => {
    if (warned.has(doubt)) return;
    warned.add(doubt);
    const reason =
      doubt === '404'
        ? "verdictOn returned 'failed' for a 404. Frameworks answer 404 by themselves, also after a payment, so it " +
          'proves nothing. Call release() of the hold in the handler before it answers 404.'
        : 'the handler gave no answer of its own, so verdictOn was not called. Answer in the handler.';
    warn(
      'PAYOUT_GUARD_VERDICT',
      `The money of payout ${reference} stays held (${route}): ${reason} This is reported once.`,
    );
  };
}

function verdictOf(hold: Hold, ask: () => unknown): 'completed' | 'failed' | undefined {
  try {
    return answerOf('verdictOn', "'completed', 'failed' or undefined", isVerdict, ask());
  } catch (error) {
    const { message } = thrownBy('verdictOn', error);
    warn(
      'PAYOUT_GUARD_VERDICT',
      `The end of payout ${hold.reference} could not be judged, so its money stays held. ${message}`,
    );
    return undefined;
  }
}

function isVerdict(value: unknown): value is 'completed' | 'failed' | undefined {
  return value === 'completed' || value === 'failed' || value === undefined;
}

function warnOfContradiction({ reference }: Hold, verdict: string, error: unknown): void {
  // The guard keeps the verdict and has reported it.
  if (isSilence(error)) return;
  warn(
    'PAYOUT_GUARD_CONTRADICTION',
    `The handler answered that payout ${reference} was ${verdict}, but its hold is in another state. Nothing was ` +
      'changed. Check the payout with the provider.',
    error,
  );
}
