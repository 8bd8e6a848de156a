// A hold that two handles wanted to send: the one that was refused has nothing to say about the payout of the other.
import { expect, it } from '@jest/globals';
import { memoryStore } from 'payout-guard';
import { thrownBy } from '../support/errors.js';
import { changed } from '../support/stores.js';
import { scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

collectWarnings();

it('a release that was kept while the store was silent contradicts no capture of another handle', async () => {
  const wallet = scriptedWallet('1000.00');
  const store = memoryStore({ clock: wallet.clock });
  let isSilent = false;
  const silent = changed(store, {
    settle: (request) => {
      if (isSilent) throw new Error('connection terminated');
      return store.settle(request);
    },
  });
  const guard = wallet.guard({ store: silent });
  const contradictions: unknown[] = [];
  guard.on('contradiction', (event) => contradictions.push(event));
  const own = await guard.hold({ amount: '400.00', reference: 'p-1' });
  isSilent = true;
  await thrownBy(own.pay(() => 'paid'));
  const other = await wallet.guard({ store }).resume('p-1');
  await other.pay(() => 'paid');
  await other.capture();
  isSilent = false;
  await wallet.clock.pass(120_000);
  expect(contradictions).toEqual([]);
  expect((await guard.getHold('p-1'))?.state).toBe('captured');
  expect((await guard.close()).open).toEqual([]);
});
