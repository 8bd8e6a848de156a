// The store of a process, whose refusals because of limits are compared with the account.
import type { HoldOutcome, HoldStore } from 'payout-guard';
import { whenAnswered } from '../answers.js';
import type { Process } from '../process.js';
import type { World } from '../world.js';
import { isSum, unnamedPayee } from './account.js';
import type { Refused } from './refusals.js';

type Request = Omit<Refused, 'answer' | 'before'>;

const nothing = { walletMinor: 0n, payeeMinor: 0n };

export function watchingLimits({ limits }: World, process: Process, store: HoldStore): HoldStore {
  if (!limits) return store;
  const expect = (request: Request, answer: HoldOutcome, before: Refused['before'] = nothing) => {
    if (answer.outcome === 'over_limit' || answer.outcome === 'limits_unknown')
      limits.expect({ ...request, answer, before });
  };
  return {
    ...store,
    hold: (request) => {
      const { reference, wallet, attempt, amountMinor, metadata } = request;
      const payee = metadata.payee ?? unnamedPayee;
      const about = { asked: limits.asked(), reference, wallet, attempt, payee, amountMinor };
      return whenAnswered(store.hold(request), (answer) => {
        expect(about, answer);
        return answer;
      });
    },
    holdAll: async (request) => {
      const { wallet, attempt, payouts, from } = request;
      if (from) await limits.pauseOverMidnight(process);
      const asked = limits.asked();
      if (from && isSum(from.reference)) limits.account.split(attempt, from.reference);
      const requests = payouts.map(({ reference, amountMinor, metadata }): Request => {
        return { asked, reference, wallet, attempt, payee: metadata.payee ?? unnamedPayee, amountMinor };
      });
      return whenAnswered(store.holdAll(request), (answer) => {
        if (answer.outcome === 'done') {
          for (const [index, one] of answer.holds.entries()) expect(requests[index] as Request, one);
        }
        if (answer.outcome === 'refused') {
          const refused = new Set(answer.refusals.map(({ reference }) => reference));
          for (const one of answer.refusals) {
            const index = requests.findIndex(({ reference }) => reference === one.reference);
            const counted = requests.slice(0, index).filter(({ reference }) => !refused.has(reference));
            const request = requests[index] as Request;
            expect(request, one as HoldOutcome, {
              walletMinor: sumOf(counted),
              payeeMinor: sumOf(counted.filter(({ payee }) => payee === request.payee)),
            });
          }
        }
        return answer;
      });
    },
  };
}

function sumOf(requests: readonly Request[]): bigint {
  return requests.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
}
