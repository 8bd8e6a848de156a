// Processes that each promise the whole balance: the memory store in a real cluster.
import { expect, it } from '@jest/globals';
import { Child } from './child.js';
import '../support/proof-only.js';

it('reports a memory store once in each worker, and two stores of one balance in every process', async () => {
  // Without values that the shell may have set.
  const env = { NODE_APP_INSTANCE: undefined };
  const service = new Child(new URL('cluster-service.ts', import.meta.url), { env });
  const exit = await service.end();
  const memoryStore =
    'worker: PAYOUT_GUARD_MEMORY_STORE: This process runs under cluster with the memory store: ' +
    'every process promises the whole balance by itself. Use a shared store unless there is only one.';
  const twoStores =
    'PAYOUT_GUARD_TWO_STORES: Two guards use one balance of bank with different stores, ' +
    'so each promises the whole of it. Give both the same store, or use one guard.';
  expect(service.stdout.trim().split('\n').sort()).toEqual([
    `primary: ${twoStores}`,
    memoryStore,
    memoryStore,
    `worker: ${twoStores}`,
    `worker: ${twoStores}`,
  ]);
  expect([exit?.code, service.stderr]).toEqual([0, '']);
});
