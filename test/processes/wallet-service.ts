// A payment service with a guard of one wallet or of two, on a store that it shares with other services. It prints
// every change of a hold, as a service logs it.
import {
  createPayoutGuard,
  type GuardEvents,
  type Hold,
  type PayoutGuard,
  type Reconciliation,
  type WalletSettings,
} from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { interswitchPayments, jpayPayments, type MakePayment } from '../../examples/support/payments.js';
import type { Assignment } from '../faults/messages.js';
import { openStore } from '../faults/store.js';
import { offer } from './calls.js';

export type WalletKey = 'jpay-kes' | 'isw-ugx';

/** The environment of a service, as JSON in `SERVICE`. */
export interface ServiceSetup {
  readonly store: Pick<Assignment, 'engine' | 'space' | 'recoveryMs' | 'client'> & { readonly port: number };
  /** The address of the provider, by the key of each wallet. */
  readonly wallets: Readonly<Partial<Record<WalletKey, string>>>;
  readonly appKey: string;
  readonly appSecret: string;
  readonly accessToken: string;
}

export interface Payout {
  readonly wallet: WalletKey;
  readonly reference: string;
  readonly amount: string;
}

const setup = JSON.parse(process.env.SERVICE ?? '') as ServiceSetup;
const { store, close: closeStore } = await openStore(
  setup.store,
  { host: '127.0.0.1', port: setup.store.port },
  10_000,
);

const { appKey, appSecret, accessToken } = setup;
const providers: Record<WalletKey, (baseUrl: string) => WalletSettings> = {
  'jpay-kes': (baseUrl) => ({ provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES' }),
  'isw-ugx': (baseUrl) => ({ provider: interswitch({ baseUrl }), currency: 'UGX', returns: 'providerAnswer' }),
};
const payments: Record<WalletKey, (baseUrl: string) => MakePayment> = {
  'jpay-kes': (baseUrl) =>
    jpayPayments({
      baseUrl,
      accessToken: () => accessToken,
      appCode: 12_345,
      callbackUrl: () => 'http://127.0.0.1:9/callbacks',
    }),
  'isw-ugx': interswitchPayments,
};
const payees: Record<WalletKey, string> = { 'jpay-kes': '+254712345678', 'isw-ugx': '0772000001' };

const entries = Object.entries(setup.wallets) as [WalletKey, string][];
const guard: PayoutGuard = createPayoutGuard({
  wallets: Object.fromEntries(entries.map(([key, baseUrl]) => [key, providers[key](baseUrl)])),
  store,
  reconcileEveryMs: 0,
  lookupsPerSecond: 1_000,
});

const print =
  (what: string) =>
  ({ hold }: GuardEvents['held']) =>
    console.log(`${what} ${hold.reference} ${hold.amount} ${hold.currency}`);
for (const what of ['held', 'captured', 'released', 'overdue'] as const) guard.on(what, print(what));

function makePayment({ wallet, amount }: Payout, { reference, signal }: Hold): Promise<unknown> {
  const baseUrl = setup.wallets[wallet] ?? '';
  return payments[wallet](baseUrl)({ wallet, to: payees[wallet], amount, reference, signal });
}

/** The calls of the test. */
const calls = {
  /** Makes a payout. Resolves to the state of its hold. */
  async pay(payout: Payout): Promise<string | undefined> {
    await guard.withHold(payout, (hold) => makePayment(payout, hold));
    return (await guard.getHold(payout.reference))?.state;
  },
  /** Begins a payout whose payment function never ends, before or after the provider has accepted it. */
  beginForever(payout: Payout, isSent: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const forever = async (hold: Hold) => {
        if (isSent) await makePayment(payout, hold);
        resolve();
        await new Promise(() => {});
      };
      guard.withHold(payout, forever).catch(reject);
    });
  },
  reconcile(reference?: string): Promise<Reconciliation> {
    return guard.reconcile(reference === undefined ? { olderThanMs: 0 } : { reference });
  },
  async capture(reference: string): Promise<void> {
    await guard.capture(reference);
  },
  async release(reference: string): Promise<void> {
    await guard.release(reference);
  },
  async getHold(reference: string): Promise<string | undefined> {
    return (await guard.getHold(reference))?.state;
  },
  /** Prints every hold of this service. */
  async list(): Promise<string[]> {
    const lines: string[] = [];
    let after: string | undefined;
    do {
      const page = await guard.listHolds({ after, limit: 10 });
      for (const { reference, amount, currency, state } of page.holds) {
        lines.push(`${reference} ${amount} ${currency} ${state}`);
      }
      after = page.next;
    } while (after !== undefined);
    for (const line of lines) console.log(`listed ${line}`);
    return lines;
  },
  async funds(wallet: WalletKey): Promise<string> {
    const { available, held, spendable, currency } = await guard.funds({ wallet, refresh: true });
    return `${available} available, ${held} held, ${spendable} spendable ${currency}`;
  },
  async freeze(wallet: WalletKey): Promise<void> {
    await guard.freeze(wallet, 'an operator looks into it');
  },
  async unfreeze(wallet: WalletKey): Promise<void> {
    await guard.unfreeze(wallet);
  },
  async close(): Promise<string[]> {
    const { open } = await guard.close();
    await closeStore();
    return open.map(({ reference }) => reference);
  },
};
export type WalletCalls = typeof calls;

offer(calls);
