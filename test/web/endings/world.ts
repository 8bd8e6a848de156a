// Wallets, provider and store of the table of endings.
import { createPayoutGuard, type HoldStore, memoryStore, type PayoutGuard, type PayoutVerdict } from 'payout-guard';
import { whenAnswered } from '../../simulation/answers.js';
import type { StoreOfTest } from '../../support/every-store.js';
import { changed, watched } from '../../support/stores.js';
import { type Deferred, deferred, type ScriptedWallet, scriptedWallet } from '../../support/wallet.js';
import type { Ending } from './ending.js';

export interface Outcome {
  readonly hold: string;
  readonly answer: string;
  /** The answer to the request that was repeated meanwhile; `served` if its handler ran. */
  readonly repeated: string | undefined;
  readonly retry: string;
  readonly made: number;
  /** Payments that reached the provider because of the retry. */
  readonly madeAgain: number;
  /** References of holds that are still open when payouts are overdue, and that no event reports. */
  readonly unreported: readonly string[];
}

/** The outcome of a row that is as the table has it. */
export function expectedOutcome({ hold, answer, repeated, retry, made }: Ending): Outcome {
  return { hold, answer, repeated, retry, made, madeAgain: retry === 'paid' ? 1 : 0, unreported: [] };
}

export const reference = 'p-1';

export const plain: Ending = {
  route: 'payoutRoute',
  payment: 'completed',
  handler: 'answers 201',
  hold: '',
  answer: '',
  retry: '',
  made: 1,
};

export const inMemory: StoreOfTest['open'] = (clock) => memoryStore({ clock });

/** Two wallets, their provider and the store shared by all processes. */
export class World {
  readonly kes: ScriptedWallet = scriptedWallet('1000.00');
  readonly ugx: ScriptedWallet = scriptedWallet();
  readonly inner: HoldStore;
  readonly store: HoldStore;
  /** Resolves when all work that needs neither time nor input has ended. */
  readonly settled: () => Promise<void>;
  readonly holding: Deferred<void> = deferred<void>();
  readonly mayHold: Deferred<void> = deferred<void>();
  /** Payments that reached the provider. */
  made = 0;

  constructor({ meanwhile }: Ending, open: StoreOfTest['open']) {
    this.inner = open(this.kes.clock);
    this.ugx.balance = { available: meanwhile === 'the second wallet is empty' ? '0' : '1000', currency: 'UGX' };
    if (meanwhile === 'the wallet is empty') this.kes.balance = { available: '399.99', currency: 'KES' };
    if (meanwhile === 'the provider is down') this.kes.answer = () => Promise.reject(new Error('ECONNRESET'));
    const isGated =
      meanwhile === 'another layer answers 503 before the handler runs' ||
      meanwhile === 'the client leaves before the handler runs';
    if (!isGated) this.mayHold.resolve();
    const hold: HoldStore['hold'] = async (request) => {
      const outcome = await this.inner.hold(request);
      this.holding.resolve();
      await this.mayHold.promise;
      return outcome;
    };
    const settle: HoldStore['settle'] = (request) => {
      const isLost = meanwhile === 'the store is silent when the outcome is known' && request.to !== 'sent';
      if (isLost) throw new Error('connection terminated');
      return whenAnswered(this.inner.settle(request), (outcome) => {
        const isUnconfirmed =
          meanwhile === 'the confirmation that the payment may begin is lost' && request.to === 'sent';
        if (isUnconfirmed) throw new Error('connection terminated');
        return outcome;
      });
    };
    const { store, idle } = watched(changed(this.inner, { ...(isGated && { hold }), settle }));
    this.store = store;
    this.settled = idle;
  }

  /** The wallet is filled and its provider answers, before the retry. */
  recover(): void {
    this.kes.balance = { available: '1000.00', currency: 'KES' };
    this.kes.answer = undefined;
  }

  guard(store: HoldStore): PayoutGuard {
    const verdictOfResult = (result: unknown) => (result as { verdict?: PayoutVerdict }).verdict ?? 'unknown';
    return createPayoutGuard({
      wallets: {
        // Each process has an adapter of its own.
        kes: { provider: { ...this.kes.provider }, currency: 'KES', verdictOfResult },
        ugx: { provider: { ...this.ugx.provider }, currency: 'UGX', verdictOfResult },
      },
      store,
      clock: this.kes.clock,
    });
  }
}
