// Look-ups of Interswitch that fail.
import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAll } from '../providers/support.js';
import {
  expectOnlyTheCode,
  type FaultCase,
  httpFaults,
  testThatFailuresStayApart,
  testThatFaultsAreNoAnswers,
} from './failures.js';
import { answering, envelope, envelopeFaults, pay, start } from './interswitch-lookup-support.js';
import { once, wordOf } from './support.js';

afterEach(closeAll);

const statusPath = '/isw/payments/checkStatus';

describe('a failure', () => {
  const faults: FaultCase[] = [
    ...httpFaults,
    ...envelopeFaults,
    ['a final code with status 500', { kind: 'status', status: 500, body: envelope('90051') }, 'provider_error'],
    ['404', { kind: 'status', status: 404, body: envelope('90051') }, 'provider_error'],
  ];
  testThatFaultsAreNoAnswers(faults, statusPath, async (network) => {
    const world = await start({ outcomeOf: () => 'failed' }, network);
    await pay(world);
    return world;
  });

  it('the plain text of a failed key exchange and the error of the service are not answers', async () => {
    const world = await start({}, once);
    await pay(world);
    world.simulator.plainText({ path: statusPath, times: 1 });
    expect(await wordOf(world.provider)).toBe('unauthorized');
    world.simulator.springError({ path: statusPath, times: 1 });
    expect(await wordOf(world.provider)).toBe('provider_error');
    expect(await wordOf(world.provider)).toBe('completed');
  });

  it('a code that needs an operator is reported, without the rest of the answer', async () => {
    const { provider } = await answering(envelope('90063', { responseMessage: 'secret of the body' }));
    await expectOnlyTheCode(provider, '90063', 'secret of the body');
  });

  it('is retried like a balance request', async () => {
    const world = await start();
    await pay(world);
    world.simulator.fault({ kind: 'reset' }, { path: statusPath, times: 2 });
    expect(await wordOf(world.provider)).toBe('completed');
    expect(world.simulator.count(statusPath)).toBe(3);
  });

  testThatFailuresStayApart(statusPath, (network) => start({}, network), { currency: 'UGX', available: '250000' });
});
