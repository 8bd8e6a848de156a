// Counters of daily limits that are wrong by a known amount: requests and answers are changed as if the store had them.
import type { DayLimits, HoldAllRequest, HoldOutcome, HoldRecord, HoldStore, SettleOutcome } from 'payout-guard';
import { whenAnswered } from '../answers.js';
import type { World } from '../world.js';
import { bound } from './changes.js';
import type { Mutant } from './mutant.js';

/** Adds to the counters of a hold, or takes from them. */
type Add = (hold: HoldRecord, minor: bigint) => void;

interface Mistakes {
  readonly onHeld?: (hold: HoldRecord, add: Add) => void;
  /** For each hold that comes out of a sum. */
  readonly onSplit?: (hold: HoldRecord, add: Add) => void;
  readonly onSettled?: (answer: Extract<SettleOutcome, { outcome: 'done' | 'late' }>, add: Add) => void;
}

/** The shared store, with counters that are wrong after these operations. */
export function miscounting(mistakes: Mistakes): NonNullable<Mutant['store']> {
  return (store, world) => miscounted(store, errorsOf(world), mistakes);
}

function miscounted(store: HoldStore, errors: Errors, { onHeld, onSplit, onSettled }: Mistakes): HoldStore {
  const add: Add = ({ wallet, day, payee }, minor) => errors.add(wallet, day, payee, minor);
  const learn = (request: Pick<HoldAllRequest, 'from'>, answer: HoldOutcome) => {
    if (answer.outcome !== 'held') return;
    if (request.from) onSplit?.(answer.hold, add);
    else onHeld?.(answer.hold, add);
  };
  return {
    ...bound(store),
    hold: (request) => {
      const { wallet, limits } = request;
      return whenAnswered(store.hold({ ...request, limits: errors.within(wallet, limits) }), (answer) => {
        learn({}, answer);
        return errors.shownIn(wallet, limits, answer);
      });
    },
    holdAll: (request) => {
      const { wallet } = request;
      const payouts = request.payouts.map((payout) => ({ ...payout, limits: errors.within(wallet, payout.limits) }));
      const shown = <Answer extends HoldOutcome>(answer: Answer, index: number) =>
        errors.shownIn(wallet, request.payouts[index]?.limits, answer);
      return whenAnswered(store.holdAll({ ...request, payouts }), (answer) => {
        if (answer.outcome === 'done') for (const one of answer.holds) learn(request, one);
        switch (answer.outcome) {
          case 'done':
            return { ...answer, holds: answer.holds.map(shown) };
          case 'refused':
            return {
              ...answer,
              refusals: answer.refusals.map((one) =>
                shown(
                  one,
                  request.payouts.findIndex(({ reference }) => reference === one.reference),
                ),
              ),
            };
          default:
            return answer;
        }
      });
    },
    settle: (request) =>
      whenAnswered(store.settle(request), (answer) => {
        if (answer.outcome === 'done' || answer.outcome === 'late') onSettled?.(answer, add);
        return answer;
      }),
  };
}

/** What each counter has too much. */
class Errors {
  readonly #minor = new Map<string, bigint>();

  add(wallet: string, day: number | undefined, payee: string | undefined, minor: bigint): void {
    if (day === undefined) return;
    const keys = payee === undefined ? [`${wallet} ${day}`] : [`${wallet} ${day}`, `${wallet} ${day} ${payee}`];
    for (const key of keys) this.#minor.set(key, this.#of(key) + minor);
  }

  /** The limits that leave as much room as the wrong counters would. */
  within(wallet: string, limits: DayLimits | undefined): DayLimits | undefined {
    if (!limits) return undefined;
    const { day, payee, perDayMinor, perPayeeMinor } = limits;
    const less = (limit: bigint | undefined, key: string) =>
      limit === undefined ? undefined : limit > this.#of(key) ? limit - this.#of(key) : 0n;
    return {
      ...limits,
      perDayMinor: less(perDayMinor, `${wallet} ${day}`),
      perPayeeMinor: less(perPayeeMinor, `${wallet} ${day} ${payee}`),
    };
  }

  /** An answer with the wrong counter. */
  shownIn<Answer extends HoldOutcome>(wallet: string, limits: DayLimits | undefined, answer: Answer): Answer {
    if (answer.outcome !== 'over_limit' || !limits) return answer;
    const { day, payee } = limits;
    const key = answer.limit === 'perDay' ? `${wallet} ${day}` : `${wallet} ${day} ${payee}`;
    return { ...answer, usedMinor: answer.usedMinor + this.#of(key) };
  }

  #of(key: string): bigint {
    return this.#minor.get(key) ?? 0n;
  }
}

/** All processes of a history have the same counters. */
const errors = new WeakMap<World, Errors>();

function errorsOf(world: World): Errors {
  const known = errors.get(world) ?? new Errors();
  errors.set(world, known);
  return known;
}
