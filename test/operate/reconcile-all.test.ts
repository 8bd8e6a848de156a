// What a reconciliation by hand counts as looked up by another process.
import { expect, it } from '@jest/globals';
import { memoryStore } from 'payout-guard';
import { reconcileAll } from '../../src/operate/index.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

collectWarnings();

it('does not count a payout that was reserved long ago and sent just now', async () => {
  const wallet = scriptedWallet('1000.00', { lookup: async () => ({ outcome: 'pending' }), lookupIsDocumented: true });
  const guard = wallet.guard({ store: memoryStore({ clock: wallet.clock }), reconcileEveryMs: 0 });
  const young = await guard.hold({ amount: '1.00', reference: 'young', expiresInMs: 3_600_000 });
  await guard.hold({ amount: '1.00', reference: 'old', state: 'sent' });
  wallet.clock.advance(guard.internals.overdueAfterMs);
  await young.sent();
  expect(await reconcileAll(guard, { onProgress: () => {} })).toMatchObject({ open: 1, elsewhere: 0 });
  await guard.close({ waitMs: 0 });
});
