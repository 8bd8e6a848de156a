// A process that holds from one wallet in a file, and settles some of what it holds, until it has asked often enough or
// is killed.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import type { Message } from '../processes/child.js';

export interface Work extends Message {
  readonly kind: 'work';
  readonly file: string;
  readonly name: string;
  /** Number of holds of 7. */
  readonly asks: number;
  readonly limitMinor: bigint;
  /** True if it captures and releases. */
  readonly settles: boolean;
}

export type FromHolder =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answered'; readonly reference: string; readonly state: 'held' | 'captured' | 'released' }
  | { readonly kind: 'done'; readonly outcomes: Readonly<Record<string, number>> };

const callers = 8;
const say = (message: FromHolder) => process.send?.(message);

process.on('message', async (work: Work) => {
  const { file, name, asks, limitMinor, settles } = work;
  const store = sqliteStore({ file, deadlineMs: 10_000 });
  const outcomes: Record<string, number> = {};
  let asked = 0;
  const one = async () => {
    while (asked < asks) {
      const reference = `${name}-${++asked}`;
      const { epoch, recoveringForMs } = await store.totals('w');
      if (recoveringForMs) await sleep(recoveringForMs);
      const request = {
        wallet: 'w',
        reference,
        attempt: randomUUID(),
        epoch,
        amountMinor: 7n,
        limitMinor,
        metadata: {},
      };
      const currency = { code: 'UGX', exponent: 0 };
      const state = 'sent' as const;
      const { outcome } = await store.hold({ ...request, currency, state, expiresInMs: 60_000, sendsForMs: 60_000 });
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (outcome !== 'held') continue;
      say({ kind: 'answered', reference, state: 'held' });
      if (!settles || asked % 3 === 0) continue;
      const to = asked % 3 === 1 ? 'captured' : 'released';
      await store.settle({ reference, to, visibleInMs: 0 });
      say({ kind: 'answered', reference, state: to });
    }
  };
  await Promise.all(Array.from({ length: callers }, one));
  await store.close();
  say({ kind: 'done', outcomes });
});
process.on('disconnect', () => process.exit());
say({ kind: 'ready' });
