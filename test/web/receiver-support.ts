// A guard and the receiver of its webhooks, on a provider that is a server and counts its look-ups.
import type { ServerResponse } from 'node:http';
import { createPayoutGuard, type HoldStore, memoryStore, type PayoutGuard } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { type WebhookReceiver, webhookReceiver } from 'payout-guard/web';
import { z } from 'zod';
import { hmac } from '../../src/providers/shared/webhook-signature.js';
import { quick, type RawServer, send, startServer, until } from '../providers/support.js';
import { stoppedClock, type TestClock } from '../support/clock.js';

const secret = 'webhook-secret-of-acme';

/** Warnings about a setup are emitted once for each wallet. */
let wallets = 0;

export interface Received {
  /** The key of the wallet. */
  readonly wallet: string;
  readonly guard: PayoutGuard;
  readonly clock: TestClock;
  readonly server: RawServer;
  readonly receive: WebhookReceiver;
  /** Times of the look-ups that reached the provider, on the clock of the guard. */
  readonly askedAtMs: readonly number[];
  /** The state that the provider reports of all payouts. Read when a look-up arrives, not when it is answered. */
  state: string;
  /** Look-ups get this status. */
  status: number;
  /** Look-ups are answered once the test calls `answer`. */
  isSlow: boolean;
  answer(): void;
  /** Sends a payout by code that marks it alone, so that no look-up follows by itself. */
  sent(reference?: string): Promise<void>;
  /** Receives a signed event. */
  notify(reference?: string): Promise<number>;
  stateOf(reference?: string): Promise<string | undefined>;
  /** Resolves once the provider has received so many look-ups. */
  asked(times: number): Promise<void>;
}

export async function received(store: (memory: HoldStore) => HoldStore = (memory) => memory): Promise<Received> {
  const clock = stoppedClock();
  const askedAtMs: number[] = [];
  const slow: (() => void)[] = [];
  const lookUp = (response: ServerResponse, path: string) => {
    askedAtMs.push(clock.elapsed());
    const ref = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
    const body = JSON.stringify({ ref, state: world.state });
    const { status } = world;
    const reply = () => send(response, body, status);
    if (world.isSlow) slow.push(reply);
    else reply();
  };
  const server = await startServer((response, { url = '' }) => {
    if (url === '/balance') send(response, '{"spendable":"1000.00"}');
    else lookUp(response, url);
  });
  const provider = httpProvider({
    name: 'acme',
    url: `${server.url}/balance`,
    schema: z.object({ spendable: z.string() }),
    select: ({ spendable }) => ({ available: spendable, currency: 'KES' }),
    lookup: {
      url: ({ reference }) => `${server.url}/payouts/${encodeURIComponent(reference)}`,
      schema: z.object({ ref: z.string(), state: z.string() }),
      rows: (found) => [found],
      referenceOf: ({ ref }) => ref,
      statusOf: ({ state }) => state,
      statuses: { completed: ['PAID'], pending: ['QUEUED'], failed: ['REJECTED'] },
    },
    webhook: {
      secret,
      header: 'X-Signature',
      algorithm: 'sha256',
      schema: z.object({ ref: z.string().optional() }),
      referenceOf: ({ ref }) => ref,
    },
    ...quick,
    maxAttempts: 1,
  });
  const wallet = `acme-${++wallets}`;
  const guard = createPayoutGuard({
    wallets: { [wallet]: { provider, currency: 'KES' } },
    clock,
    store: store(memoryStore({ clock })),
  });
  const receive = webhookReceiver(guard);
  const world: Received = {
    wallet,
    guard,
    clock,
    server,
    receive,
    askedAtMs,
    state: 'QUEUED',
    status: 200,
    isSlow: false,
    answer: () => {
      for (const reply of slow.splice(0)) reply();
    },
    sent: async (reference = 'p-1') => {
      const hold = await guard.hold({ amount: '1.00', reference });
      await hold.sent();
    },
    notify: async (reference = 'p-1') => {
      const rawBody = Buffer.from(JSON.stringify({ ref: reference, state: 'REJECTED' }));
      return (await receive({ rawBody, headers: signed(rawBody) })).status;
    },
    stateOf: async (reference = 'p-1') => (await guard.getHold(reference))?.state,
    asked: (times) => until(() => askedAtMs.length >= times),
  };
  return world;
}

export function signed(rawBody: Uint8Array): Record<string, string> {
  return { 'x-signature': hmac('sha256', secret, [rawBody]) };
}
