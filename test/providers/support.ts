// Helpers for the adapter tests: servers that stop with the test, guards without a cache, and all families of adapters.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  type BalanceProvider,
  type Clock,
  createPayoutGuard,
  type GuardOptions,
  type PayoutGuard,
  type WalletSettings,
} from 'payout-guard';
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
import { stoppedClock, type TestClock } from '../support/clock.js';
import { answeringKeyExchanges, phoenixCredentials } from '../support/phoenix.js';

const running: { close(): Promise<unknown> }[] = [];

/** Stops everything that was started, for `afterEach` or `afterAll`. Jest fails a test with an unhandled rejection. */
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

/** Starts a simulator with the key of the test vectors, because key generation takes time. */
export async function startPhoenix(options?: PhoenixSimulatorOptions): Promise<PhoenixSimulator> {
  return started(await phoenixSimulator({ privateKey: phoenixCredentials.privateKey, ...options }));
}

export interface RawServer {
  readonly url: string;
  /** Every request so far: method, path and body. */
  readonly requests: { method: string; path: string; body: string }[];
  close(): Promise<void>;
}

/** A server with every byte controlled by the test. */
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

/** Sends this status and these bytes, as JSON unless `headers` differ. */
export function send(response: ServerResponse, body: string | Buffer, status = 200, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}

/** Network options for tests: no delays between attempts, and no deadline that depends on the speed of the machine. */
export const quick: NetworkOptions = { random: () => 0, clock: stoppedClock() };

/**
 * The machine's clock. Its deadlines are for requests without an answer, where the speed of the machine is irrelevant.
 */
export const machineClock: Clock = { now: () => Date.now() };

/** Network options for a provider that never answers. */
export const soon: NetworkOptions = { attemptTimeoutMs: 120, clock: machineClock };

/** Waits for a condition that will become true. Answers over HTTP take real time. */
export async function until(isSo: () => boolean): Promise<void> {
  for (const sinceMs = Date.now(); !isSo(); ) {
    if (Date.now() - sinceMs > patienceMs) throw new Error(`it did not happen: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

const patienceMs = 60_000;

/** Lets this many hanging requests time out, one after another. `count` counts requests since the test began. */
export async function timeOut(clock: TestClock, count: () => number, requests = 1): Promise<void> {
  for (let request = 1; request <= requests; request += 1) {
    await until(() => count() === request);
    await clock.pass(attemptTimeoutMs);
  }
}

/** The default of the adapters. */
const attemptTimeoutMs = 2_000;

/** A guard that requests the balance for each check. */
export function guardOf(provider: BalanceProvider, options: Partial<GuardOptions & WalletSettings> = {}): PayoutGuard {
  const currency = provider.name === 'interswitch' || provider.name === 'phoenix' ? 'UGX' : 'KES';
  return started(createPayoutGuard({ provider, currency, cache: { maxAgeMs: 0 }, ...options }));
}

/** The error with which `work` rejects. Fails when it resolves. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`it resolved, which it must not: ${JSON.stringify(outcome.value)}`);
}

/** The balance of one merchant at an imaginary API, as a user of `httpProvider` would write it. */
export function shopProvider(baseUrl: string, options: NetworkOptions & { accountId?: string } = {}): BalanceProvider {
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
  /** A correct answer around the JSON text of the available amount. `extra` are further members of the same object. */
  readonly answer: (amount: string, extra?: string) => string;
}

const phoenixAt = (baseUrl: string, options?: NetworkOptions) =>
  phoenix({ baseUrl, ...phoenixCredentials, fetch: answeringKeyExchanges, ...quick, ...options });

export const families: readonly Family[] = [
  {
    name: 'jpay',
    currency: 'KES',
    provider: (baseUrl, options) => jpay({ baseUrl, accessToken: 'token', ...quick, ...options }),
    // The collection wallet is empty, so that the total equals the payout wallet for any amount.
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
