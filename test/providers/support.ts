// What the tests of the adapters share: remote parties that end with the test, guards that remember nothing, and the
// families of adapters as one.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type BalanceProvider, createPayoutGuard, type PayoutGuard, type PayoutGuardOptions } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay, type NetworkOptions } from 'payout-guard/providers/jpay';
import { phoenix } from 'payout-guard/providers/phoenix';
import {
  type InterswitchSimulator,
  type InterswitchSimulatorOptions,
  interswitchSimulator,
  type JpaySimulator,
  type JpaySimulatorOptions,
  jpaySimulator,
  type PhoenixSimulator,
  type PhoenixSimulatorOptions,
  phoenixSimulator,
} from 'payout-guard/testing';
import { z } from 'zod';
import { answeringKeyExchanges, phoenixCredentials } from '../support/phoenix.js';

const running: { close(): Promise<unknown> }[] = [];

/** Ends what was started; for `afterEach` or `afterAll`. Jest fails a test in which a rejection stays unhandled. */
export async function closeAll(): Promise<void> {
  await Promise.all(running.splice(0).map((party) => party.close()));
  await new Promise(setImmediate);
}

export async function startJpay(options?: JpaySimulatorOptions): Promise<JpaySimulator> {
  return started(await jpaySimulator(options));
}

export async function startInterswitch(options?: InterswitchSimulatorOptions): Promise<InterswitchSimulator> {
  return started(await interswitchSimulator(options));
}

/** With the key of the test vectors, because a new one takes a moment. */
export async function startPhoenix(options?: PhoenixSimulatorOptions): Promise<PhoenixSimulator> {
  return started(await phoenixSimulator({ privateKey: phoenixCredentials.privateKey, ...options }));
}

export interface RawServer {
  readonly url: string;
  /** Every request so far: method, path and body. */
  readonly requests: { method: string; path: string; body: string }[];
  close(): Promise<void>;
}

/** A server whose every byte the test decides. */
export async function startServer(
  respond: (response: ServerResponse, request: IncomingMessage & { text: string }) => void,
): Promise<RawServer> {
  const requests: RawServer['requests'] = [];
  const server = createServer((request, response) => {
    const answer = async () => {
      const body = await text(request);
      requests.push({ method: request.method ?? '', path: request.url ?? '', body });
      respond(response, Object.assign(request, { text: body }));
    };
    answer().catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return started({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  });
}

/** Answers with this status and these bytes, as JSON unless `headers` differ. */
export function send(response: ServerResponse, body: string | Buffer, status = 200, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

/** Network options for tests: no waits between attempts. */
export const quick: NetworkOptions = { random: () => 0 };

/** Enough time for an answer on a busy machine, and not long to wait for one that never comes. */
export const soon: NetworkOptions = { attemptTimeoutMs: 120 };

/** A guard that asks the provider for each check. */
export function guardOf(provider: BalanceProvider, options: Partial<PayoutGuardOptions> = {}): PayoutGuard {
  const currency = provider.name === 'interswitch' || provider.name === 'phoenix' ? 'UGX' : 'KES';
  return started(createPayoutGuard({ provider, currency, cache: { maxAgeMs: 0 }, ...options }));
}

/** What `work` was rejected with. Fails when it was not rejected. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`it resolved, which it must not: ${JSON.stringify(outcome.value)}`);
}

/** The balance of one merchant as an imaginary API tells it; what a user of `httpProvider` would write. */
export function shopProvider(baseUrl: string, options: NetworkOptions = {}): BalanceProvider {
  return httpProvider({
    name: 'shop',
    url: `${baseUrl}/balance`,
    schema: z.object({ spendable: z.string(), ccy: z.string() }),
    select: ({ spendable, ccy }) => ({ available: spendable, currency: ccy }),
    ...quick,
    ...options,
  });
}

/** An adapter, and its answers as text. */
export interface Family {
  readonly name: string;
  readonly currency: 'KES' | 'UGX';
  readonly provider: (baseUrl: string, options?: NetworkOptions) => BalanceProvider;
  /** A correct answer around the JSON text of the available amount; `extra` are further members of the same object. */
  readonly answer: (amount: string, extra?: string) => string;
}

const phoenixAt = (baseUrl: string, options?: NetworkOptions) =>
  phoenix({ baseUrl, ...phoenixCredentials, fetch: answeringKeyExchanges, ...quick, ...options });

export const families: readonly Family[] = [
  {
    name: 'jpay',
    currency: 'KES',
    provider: (baseUrl, options) => jpay({ baseUrl, accessToken: 'token', ...quick, ...options }),
    // The collection wallet is empty, so that the total is the sum whatever the amount is.
    answer: (amount, extra = '') =>
      `{"collection_wallet_balance":"0.00","payout_wallet_balance":${amount},"total_balance":${amount}${extra}}`,
  },
  {
    name: 'interswitch, wrapped',
    currency: 'UGX',
    provider: (baseUrl, options) => interswitch({ baseUrl, ...quick, ...options }),
    answer: (amount, extra = '') =>
      `{"responseCode":"90000","response":{"availableBalance":${amount},"currencyCode":"UGX"${extra}}}`,
  },
  {
    name: 'interswitch, flat',
    currency: 'UGX',
    provider: (baseUrl, options) => interswitch({ baseUrl, ...quick, ...options }),
    answer: (amount, extra = '') =>
      `{"responseCode":"90000","availableBalance":${amount},"currencyCode":"UGX"${extra}}`,
  },
  {
    name: 'phoenix, wrapped',
    currency: 'UGX',
    provider: phoenixAt,
    answer: (amount, extra = '') =>
      `{"responseCode":"90000","response":{"availableBalance":${amount},"currencyCode":"UGX"${extra}}}`,
  },
  {
    name: 'phoenix, flat',
    currency: 'UGX',
    provider: phoenixAt,
    answer: (amount, extra = '') =>
      `{"responseCode":"90000","availableBalance":${amount},"currencyCode":"UGX"${extra}}`,
  },
  {
    name: 'httpProvider',
    currency: 'KES',
    provider: shopProvider,
    answer: (amount, extra = '') => `{"spendable":${amount},"ccy":"KES"${extra}}`,
  },
];

function started<Party extends { close(): Promise<unknown> }>(party: Party): Party {
  running.push(party);
  return party;
}
