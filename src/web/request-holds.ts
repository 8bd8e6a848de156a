// The holds of a request. They are kept in an object that the framework has for the whole request, under names that
// both module formats of this package share.
import type { Hold } from '../core/payout-guard.js';

const holdsKey: unique symbol = Symbol.for('payout-guard.holds') as never;
const answeredKey: unique symbol = Symbol.for('payout-guard.answered') as never;

/** The object that keeps them: `res.locals` of Express, `ctx.state` of Koa, the `Request` itself, and so on. */
export interface RequestState {
  [holdsKey]?: readonly Hold[];
  [answeredKey]?: true;
}

/** The holds that were taken for this request, in their order. */
export function holdsOf(state: RequestState | undefined): readonly Hold[] {
  return state?.[holdsKey] ?? [];
}

/** The hold that was taken last for this request. */
export function lastHoldOf(state: RequestState | undefined): Hold | undefined {
  return holdsOf(state).at(-1);
}

export function rememberHold(state: RequestState, hold: Hold): void {
  state[holdsKey] = [...holdsOf(state), hold];
}

/** Notes that an error of the guard is answered, so that the answer is not taken for one of the handler. */
export function rememberAnswer(state: RequestState | undefined): void {
  if (state) state[answeredKey] = true;
}

export function isAnsweredByGuard(state: RequestState): boolean {
  return state[answeredKey] === true;
}
