// Look-ups of Interswitch that fail.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Fault } from 'payout-guard/testing';
import { closeAll, timeOut } from '../providers/support.js';
import { stoppedClock } from '../support/clock.js';
import { answering, envelope, pay, start } from './interswitch-lookup-support.js';
import { ask, lookupFailure, once, wordOf } from './support.js';

afterEach(closeAll);

const statusPath = '/isw/payments/checkStatus';

describe('a failure', () => {
  const faults: [string, Fault, string][] = [
    ['500', { kind: 'status', status: 500 }, 'provider_error'],
    ['a final code with status 500', { kind: 'status', status: 500, body: envelope('90051') }, 'provider_error'],
    ['404', { kind: 'status', status: 404, body: envelope('90051') }, 'provider_error'],
    ['a gateway', { kind: 'html_500' }, 'provider_error'],
    ['502', { kind: 'lost', status: 502 }, 'provider_error'],
    ['silence', { kind: 'hang' }, 'timeout'],
    ['a reset', { kind: 'reset' }, 'network'],
    ['half an answer', { kind: 'reset_midway' }, 'network'],
    ['HTML', { kind: 'body', body: '<html></html>', contentType: 'text/html' }, 'malformed'],
    ['no code', { kind: 'fields', fields: { responseCode: undefined } }, 'malformed'],
    ['a code that is none', { kind: 'fields', fields: { responseCode: ['90051'] } }, 'malformed'],
    ['two codes', { kind: 'body', body: '{"responseCode":"90000","responseCode":"90051"}' }, 'malformed'],
    ['a list', { kind: 'body', body: `[${envelope('90051')}]` }, 'malformed'],
    ['too much', { kind: 'huge', bytes: 70_000 }, 'malformed'],
  ];

  it.each(faults)('%s is not an answer', async (_, fault, reason) => {
    const clock = stoppedClock();
    const world = await start({ outcomeOf: () => 'failed' }, { ...once, clock });
    await pay(world);
    world.simulator.fault(fault, { path: statusPath });
    const word = wordOf(world.provider);
    if (fault.kind === 'hang') await timeOut(clock, () => world.simulator.count(statusPath));
    expect(await word).toBe(reason);
    world.simulator.clearFaults();
    expect(await wordOf(world.provider)).toBe('failed');
  });

  it('the plain text of a failed key exchange and the error of the service are not answers', async () => {
    const world = await start({}, once);
    await pay(world);
    world.simulator.plainText({ path: statusPath, times: 1 });
    expect(await wordOf(world.provider)).toBe('malformed');
    world.simulator.springError({ path: statusPath, times: 1 });
    expect(await wordOf(world.provider)).toBe('provider_error');
    expect(await wordOf(world.provider)).toBe('completed');
  });

  it('a code that needs an operator is reported, without the rest of the answer', async () => {
    const { provider } = await answering(envelope('90063', { responseMessage: 'secret of the body' }));
    const error = await lookupFailure(provider);
    expect(error).toMatchObject({ code: 'balance_unavailable', reason: 'unauthorized' });
    expect(error.message).toContain('(code 90063)');
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain('secret of the body');
  });

  it('is retried like a balance request', async () => {
    const world = await start();
    await pay(world);
    world.simulator.fault({ kind: 'reset' }, { path: statusPath, times: 2 });
    expect(await wordOf(world.provider)).toBe('completed');
    expect(world.simulator.count(statusPath)).toBe(3);
  });

  it('does not affect balances: a status call that always fails does not open their circuit', async () => {
    const world = await start({}, { ...once, circuitBreaker: { failures: 2, openMs: 60_000 } });
    world.simulator.fault({ kind: 'status', status: 500 }, { path: statusPath });
    for (let failed = 0; failed < 2; failed += 1) expect(await wordOf(world.provider)).toBe('provider_error');
    expect(await wordOf(world.provider)).toBe('circuit_open');
    const { signal } = new AbortController();
    expect((await world.provider.fetchBalance({ currency: 'UGX', signal })).available).toBe('250000');
  });

  it('ends with its signal', async () => {
    const world = await start();
    world.simulator.fault({ kind: 'hang' }, { path: statusPath });
    const controller = new AbortController();
    const asked = ask(world.provider, 'ref-1', controller.signal);
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
});
