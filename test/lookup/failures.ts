// Failures of the call that looks a payout up, whichever API it belongs to.
import { expect, it } from '@jest/globals';
import type { BalanceProvider } from 'payout-guard';
import type { NetworkOptions } from 'payout-guard/providers/jpay';
import type { Fault, Simulator } from 'payout-guard/testing';
import { timeOut } from '../providers/support.js';
import { stoppedClock } from '../support/clock.js';
import { ask, lookupFailure, once, wordOf } from './support.js';

/** A fault, its name, and the reason with which the look-up fails. */
export type FaultCase = [name: string, fault: Fault, reason: string];

/** A simulator, and an adapter in front of it. */
export interface FaultyApi {
  readonly simulator: Simulator;
  readonly provider: BalanceProvider;
}

/** The faults of any HTTP API. */
export const httpFaults: readonly FaultCase[] = [
  ['500', { kind: 'status', status: 500 }, 'provider_error'],
  ['a gateway', { kind: 'html_500' }, 'provider_error'],
  ['502', { kind: 'lost', status: 502 }, 'provider_error'],
  ['silence', { kind: 'hang' }, 'timeout'],
  ['a reset', { kind: 'reset' }, 'network'],
  ['half an answer', { kind: 'reset_midway' }, 'network'],
  ['HTML', { kind: 'body', body: '<html></html>', contentType: 'text/html' }, 'malformed'],
  ['too much', { kind: 'huge', bytes: 70_000 }, 'malformed'],
];

/**
 * Tests that no fault is taken for an answer about a payout that has failed.
 * @param startFailed - Starts the API with a payout `ref-1` that has failed.
 * @param afterwards - The adapter that asks once the fault is over, unless it is the same.
 */
export function testThatFaultsAreNoAnswers<Api extends FaultyApi>(
  faults: readonly FaultCase[],
  path: string,
  startFailed: (network: NetworkOptions) => Promise<Api>,
  afterwards: (api: Api) => BalanceProvider = ({ provider }) => provider,
): void {
  it.each([...faults])('%s is not an answer', async (_, fault, reason) => {
    const clock = stoppedClock();
    const api = await startFailed({ ...once, clock });
    const { simulator, provider } = api;
    simulator.fault(fault, { path });
    const word = wordOf(provider);
    if (fault.kind === 'hang') await timeOut(clock, () => simulator.count(path));
    expect(await word).toBe(reason);
    simulator.clearFaults();
    expect(await wordOf(afterwards(api))).toBe('failed');
  });
}

/** Tests a call that fails: it leaves the balances alone, and it ends with its signal. */
export function testThatFailuresStayApart(
  path: string,
  start: (network?: NetworkOptions) => Promise<FaultyApi>,
  balance: { readonly currency: string; readonly available: string },
): void {
  it('does not affect balances: a call that always fails does not open their circuit', async () => {
    const { simulator, provider } = await start({ ...once, circuitBreaker: { failures: 2, openMs: 60_000 } });
    simulator.fault({ kind: 'status', status: 500 }, { path });
    for (let failed = 0; failed < 2; failed += 1) expect(await wordOf(provider)).toBe('provider_error');
    expect(await wordOf(provider)).toBe('circuit_open');
    const { signal } = new AbortController();
    const { available } = await provider.fetchBalance({ currency: balance.currency, signal });
    expect(available).toBe(balance.available);
  });

  it('ends with its signal', async () => {
    const { simulator, provider } = await start();
    simulator.fault({ kind: 'hang' }, { path });
    const controller = new AbortController();
    const asked = ask(provider, 'ref-1', controller.signal);
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
}

/** Expects that a look-up fails with a code that needs an operator, and shows nothing else of the answer. */
export async function expectOnlyTheCode(provider: BalanceProvider, code: string, secret: string): Promise<void> {
  const error = await lookupFailure(provider);
  expect(error).toMatchObject({ code: 'balance_unavailable', reason: 'unauthorized' });
  expect(error.message).toContain(`(code ${code})`);
  expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain(secret);
}
