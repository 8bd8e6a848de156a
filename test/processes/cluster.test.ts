// Processes that each promise the whole balance by themselves: the memory store in a real cluster.
import { expect, it } from '@jest/globals';
import { Child } from './child.js';

it('reports a memory store once in each worker of a cluster, and not in the primary process', async () => {
  // Without what the shell may have set.
  const env = { NODE_APP_INSTANCE: undefined };
  const service = new Child(new URL('cluster-service.ts', import.meta.url), { env });
  const exit = await service.end();
  const warning =
    'worker: PAYOUT_GUARD_MEMORY_STORE: This process runs under cluster with the memory store: every process promises the whole balance by itself. Use a shared store unless there is only one process.';
  expect(service.stdout.trim().split('\n')).toEqual([warning, warning]);
  expect([exit?.code, service.stderr]).toEqual([0, '']);
});
