// Mistakes of stores about the debits of captured holds.
import type { WalletTotals } from 'payout-guard';
import { atOnce, whenAnswered } from '../answers.js';
import { bound } from './changes.js';
import type { Mutant } from './mutant.js';

export const captureMutants: readonly Mutant[] = [
  {
    name: 'a capture counts each time it is repeated',
    standsFor: 'rule 7 of a store',
    breaks: 'counters',
    only: 'local',
    store: (store) => {
      const extra = new Map<string, bigint>();
      const extraOf = (wallet: string) => extra.get(wallet) ?? 0n;
      const added = (wallet: string, totals: WalletTotals) => ({
        ...totals,
        captured: totals.captured + extraOf(wallet),
      });
      return {
        ...bound(store),
        totals: (wallet) => added(wallet, atOnce(store.totals(wallet))),
        hold: (request) => {
          const { wallet, limitMinor } = request;
          const answer = atOnce(store.hold({ ...request, limitMinor: limitMinor - extraOf(wallet) }));
          return 'totals' in answer ? { ...answer, totals: added(wallet, answer.totals) } : answer;
        },
        settle: (request) => {
          const answer = atOnce(store.settle(request));
          if (answer.outcome === 'already' && request.to === 'captured') {
            const { wallet, capturedMinor = 0n } = answer.hold;
            extra.set(wallet, extraOf(wallet) + capturedMinor);
          }
          return answer;
        },
      };
    },
  },
  {
    name: 'a payout that fails after its debit gives its money back',
    standsFor: 'P7: a later failed changes no total; the refund shows in a reading',
    breaks: 'counters',
    only: 'local',
    store: (store) => {
      const refunded = new Map<string, bigint>();
      const seen = new Set<string>();
      const refundedOf = (wallet: string) => refunded.get(wallet) ?? 0n;
      const less = (wallet: string, totals: WalletTotals) => ({
        ...totals,
        captured: totals.captured - refundedOf(wallet),
      });
      return {
        ...bound(store),
        totals: (wallet) => less(wallet, atOnce(store.totals(wallet))),
        hold: (request) => {
          const { wallet, limitMinor } = request;
          const answer = atOnce(store.hold({ ...request, limitMinor: limitMinor + refundedOf(wallet) }));
          return 'totals' in answer ? { ...answer, totals: less(wallet, answer.totals) } : answer;
        },
        settle: (request) => {
          const answer = atOnce(store.settle(request));
          const isRefund = request.to === 'failed' && answer.outcome === 'already' && answer.hold.state === 'captured';
          if (isRefund && !seen.has(answer.hold.attempt)) {
            const { wallet, attempt, capturedMinor = 0n } = answer.hold;
            seen.add(attempt);
            refunded.set(wallet, refundedOf(wallet) + capturedMinor);
          }
          return answer;
        },
      };
    },
  },
  {
    name: 'a capture is not counted',
    standsFor: 'rule 7 of a store',
    breaks: 'overspent',
    store: (store) => ({
      ...bound(store),
      settle: (request) => {
        if (request.to !== 'captured') return store.settle(request);
        const capturedMinor = request.actualMinor;
        return whenAnswered(store.settle({ reference: request.reference, to: 'released' }), (answer) =>
          'hold' in answer ? { ...answer, hold: { ...answer.hold, state: 'captured', capturedMinor } } : answer,
        );
      },
    }),
  },
  {
    name: 'a capture after the reservation expired is dropped',
    standsFor: 'S1: money that left is a fact',
    breaks: 'uncovered',
    store: (store) => ({
      ...bound(store),
      settle: (request) => {
        if (request.to !== 'captured') return store.settle(request);
        return whenAnswered(store.get(request.reference), ({ hold }) =>
          hold?.state === 'released' ? { outcome: 'illegal', hold } : store.settle(request),
        );
      },
    }),
  },
];
