// Providers for the look-up tests of Interswitch, and the envelope that Phoenix has in common with it.
import type { BalanceProvider } from 'payout-guard';
import { interswitch, type NetworkOptions } from 'payout-guard/providers/interswitch';
import type { InterswitchSimulator, InterswitchSimulatorOptions } from 'payout-guard/testing';
import { quick, type RawServer, send, startInterswitch, startServer } from '../providers/support.js';
import type { FaultCase } from './failures.js';
import { once } from './support.js';

export interface World {
  simulator: InterswitchSimulator;
  provider: BalanceProvider;
}

export async function start(options: InterswitchSimulatorOptions = {}, network: NetworkOptions = {}): Promise<World> {
  const simulator = await startInterswitch(options);
  return { simulator, provider: interswitch({ baseUrl: simulator.url, ...quick, ...network }) };
}

export async function pay({ simulator }: World, requestReference = 'ref-1', amount = 100): Promise<void> {
  const body = JSON.stringify({ requestReference, amount, customerId: '0770000000', paymentCode: '53046936951' });
  await (await fetch(`${simulator.url}/isw/payments/pay`, { method: 'POST', body })).text();
}

/** A provider that always answers with this body. */
export async function answering(body: string): Promise<{ provider: BalanceProvider; server: RawServer }> {
  const server = await startServer((response) => send(response, body));
  return { provider: interswitch({ baseUrl: server.url, ...once }), server };
}

export const envelope = (responseCode: unknown, changes: object = {}): string =>
  JSON.stringify({ responseCode, responseMessage: 'X', requestReference: 'ref-1', response: null, ...changes });

/** The answers of Interswitch and Phoenix whose code cannot be read. */
export const envelopeFaults: readonly FaultCase[] = [
  ['no code', { kind: 'fields', fields: { responseCode: undefined } }, 'malformed'],
  ['a code that is none', { kind: 'fields', fields: { responseCode: ['90051'] } }, 'malformed'],
  ['two codes', { kind: 'body', body: '{"responseCode":"90000","responseCode":"90051"}' }, 'malformed'],
  ['a list', { kind: 'body', body: `[${envelope('90051')}]` }, 'malformed'],
];
