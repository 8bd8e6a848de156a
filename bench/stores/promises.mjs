// Checks, before the measurements, that each contender keeps the promises it is compared under.
import assert from 'node:assert/strict';
import { amountMinor } from './payout.mjs';

export async function assertPromises({ lines }) {
  for (const { key, title, contender, target } of lines) {
    await target.reset();
    const wallet = `promises-of-${key}`;
    await target.addWallet?.(wallet);
    if (contender.keeps.includes('limit')) {
      const { hold, close } = await contender.open(target.address, { limit: 5n * amountMinor });
      const granted = await Promise.all(
        Array.from({ length: 20 }, (_, index) => hold(wallet, `limit-${key}-${index}`)),
      );
      assert.equal(granted.filter(Boolean).length, 5, `${title}: a wallet that covers 5`);
      await close();
    }
    if (contender.keeps.includes('reference')) {
      const { hold, close } = await contender.open(target.address);
      const twice = await Promise.all([hold(wallet, `twice-${key}`), hold(wallet, `twice-${key}`)]);
      const later = await hold(wallet, `twice-${key}`);
      assert.deepEqual([twice.filter(Boolean).length, later], [1, false], `${title}: the same reference three times`);
      await close();
    }
  }
}
