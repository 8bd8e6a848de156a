// One wallet of a hosted API: its balance, its transfers and the webhooks about them.
import { LosslessNumber, stringify } from 'lossless-json';
import * as z from 'zod';
import type { Clock } from '../../core/clock.js';
import { type Currency, resolveCurrency } from '../../core/currency.js';
import { ConfigurationError } from '../../core/errors.js';
import { formatMinorUnits } from '../../core/money.js';
import { readOptions } from '../../core/problems.js';
import { amountSchema, balanceSchema, clockSchema, debited, portSchema, type Shape } from './check-options.js';
import { type PostResult, postToLoopback } from './loopback-post.js';
import {
  type Draft,
  type Entry,
  PayoutBook,
  type PayoutOptions,
  type PayoutRules,
  payoutShape,
} from './payout-book.js';
import type { Simulator, SimulatorOptions } from './server.js';
import { TaskTimer } from './task-timer.js';

/** A transfer of a simulator of a hosted API. */
export interface HostedTransfer {
  readonly id: string;
  readonly reference: string;
  /** Without fee, decimal text in NGN. */
  readonly amount: string;
  readonly status: 'pending' | 'completed' | 'failed';
}

/** A webhook that was posted, or was to be. */
export interface SentWebhook extends PostResult {
  readonly reference: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Amounts are decimal text in NGN. */
export interface HostedWalletOptions extends SimulatorOptions, PayoutOptions<HostedTransfer> {
  /** @defaultValue '12000.00' */
  readonly available?: string | undefined;
  /**
   * Moves with `available`.
   * @defaultValue '45000.00'
   */
  readonly ledger?: string | undefined;
  /**
   * The loopback address that events are posted to.
   * @defaultValue none
   */
  readonly webhookUrl?: string | undefined;
  /**
   * The events of a transfer that ended. A `forged` one has a signature of another key.
   * @defaultValue 'once'
   */
  readonly webhooks?: 'once' | 'twice' | 'forged' | undefined;
}

/** The methods of a simulator with one wallet. */
export interface HostedWalletSimulator extends Simulator {
  /** @throws `ConfigurationError` when the amount is not one, as `debit` and `setBalance` do. */
  credit(amount: string): void;
  /** @throws `ConfigurationError` when the wallet has less. */
  debit(amount: string): void;
  /** Sets figures, which may be negative. One that is not named stays. */
  setBalance(balances: { readonly available?: string | undefined; readonly ledger?: string | undefined }): void;
  balances(): { available: string; ledger: string };
  /** Every transfer that was accepted, oldest first, as it is now. */
  readonly payouts: readonly HostedTransfer[];
  /**
   * Ends a transfer, by its id or its reference.
   * @throws `ConfigurationError` when there is none, or it has ended.
   */
  advance(idOrReference: string, status: 'completed' | 'failed'): void;
  /** Every event, in the order in which they were answered or given up. Grows. */
  readonly webhooks: readonly SentWebhook[];
  /** Posts the event of a transfer again. @throws `ConfigurationError` when there is none. */
  resendWebhook(reference: string): Promise<void>;
}

export interface HostedDetails {
  readonly createdAtMs: number;
  /** The wallet had too little: the transfer is accepted, and its failure shows later. */
  isQueued: boolean;
  readonly isUnfunded: boolean;
}

export type HostedEntry = Entry<HostedDetails>;

export interface HostedEvents {
  /** Undefined for a transfer of which the provider posts nothing. */
  readonly bodyOf: (entry: HostedEntry) => Readonly<Record<string, unknown>> | undefined;
  readonly headersOf: (body: string, isForged: boolean) => Readonly<Record<string, string>>;
}

const naira: Currency = resolveCurrency('NGN');
export const nairaAmount: z.ZodType<bigint, string> = amountSchema(naira);

/** An amount as JSON shows it: a number. */
export function nairaNumber(minor: bigint): LosslessNumber {
  return new LosslessNumber(formatMinorUnits(minor, naira));
}

/** {@link HostedWalletOptions} with defaults and in minor units. */
export interface HostedWalletSettings extends PayoutRules<HostedTransfer> {
  readonly port: number;
  readonly clock: Clock;
  readonly available: bigint;
  readonly ledger: bigint;
  readonly webhookUrl: string | undefined;
  readonly webhooks: 'once' | 'twice' | 'forged';
}

/** The keys of {@link HostedWalletOptions}, to be spread into the schema of a simulator's options. */
export const hostedWalletShape: Shape<HostedWalletOptions, HostedWalletSettings> = {
  port: portSchema,
  clock: clockSchema,
  available: nairaAmount.prefault('12000.00'),
  ledger: nairaAmount.prefault('45000.00'),
  webhookUrl: z.string().optional(),
  webhooks: z.enum(['once', 'twice', 'forged']).default('once'),
  ...payoutShape<HostedTransfer>(nairaAmount),
};

export class HostedWallet {
  readonly timer: TaskTimer;
  readonly book: PayoutBook<HostedDetails, HostedTransfer>;
  readonly webhooks: SentWebhook[] = [];
  readonly figures: { available: bigint; ledger: bigint };
  readonly #settings: HostedWalletSettings;
  readonly #events: HostedEvents;

  constructor(settings: HostedWalletSettings, events: HostedEvents) {
    this.#settings = settings;
    this.#events = events;
    this.timer = new TaskTimer(settings.clock);
    this.figures = { available: settings.available, ledger: settings.ledger };
    const take = (minor: bigint) => {
      this.figures.available -= minor;
      this.figures.ledger -= minor;
    };
    this.book = new PayoutBook<HostedDetails, HostedTransfer>({
      rules: settings,
      debits: [{ at: settings.debitAt, take }],
      timer: this.timer,
      idPrefix: '1000',
      publicForm,
      onFinal: (entry) => void this.#announce(entry),
    });
  }

  get feeMinor(): bigint {
    return this.#settings.fee;
  }

  covers(amountMinor: bigint): boolean {
    return this.book.costMinor(amountMinor) <= this.figures.available;
  }

  accept(transfer: Omit<Draft<HostedDetails>, 'details'>): HostedEntry {
    return this.book.accept({ ...transfer, details: this.#details(false) });
  }

  /** Accepts a transfer that waits for a further step of the caller, and is debited when the book starts it. */
  acceptWaiting(transfer: Omit<Draft<HostedDetails>, 'details'>): HostedEntry {
    return this.book.record({ ...transfer, details: this.#details(false) });
  }

  /** Accepts a transfer that the wallet cannot pay; it fails when others end. */
  acceptUnfunded(transfer: Omit<Draft<HostedDetails>, 'details'>): HostedEntry {
    const entry = this.book.refuse({ ...transfer, details: this.#details(true) });
    const show = () => {
      entry.details.isQueued = false;
      void this.#announce(entry);
    };
    // The answer to the payment call comes first.
    setImmediate(() => this.timer.run(this.#settings.settleAfterMs ?? 0, show));
    return entry;
  }

  methods(): Omit<HostedWalletSimulator, keyof Simulator> {
    const { figures, book, webhooks } = this;
    const entries = () => book.entries.map(publicForm);
    return {
      credit: (amount) => {
        const minor = readOptions(nairaAmount, amount);
        figures.available += minor;
        figures.ledger += minor;
      },
      debit: (amount) => {
        const minor = readOptions(nairaAmount, amount);
        figures.available = debited(figures.available, minor);
        figures.ledger -= minor;
      },
      setBalance: (given) => {
        const { available = figures.available, ledger = figures.ledger } = readOptions(balancesSchema, given);
        Object.assign(figures, { available, ledger });
      },
      balances: () => ({
        available: formatMinorUnits(figures.available, naira),
        ledger: formatMinorUnits(figures.ledger, naira),
      }),
      get payouts() {
        return entries();
      },
      advance: (idOrReference, status) => book.advance(idOrReference, status),
      webhooks,
      resendWebhook: async (reference) => {
        const entry = book.find(reference);
        if (!entry) throw new ConfigurationError(['resendWebhook: there is no such transfer']);
        if (!this.#events.bodyOf(entry)) throw new ConfigurationError(['resendWebhook: the transfer has no event']);
        await this.#post(entry);
      },
    };
  }

  #details(isUnfunded: boolean): HostedDetails {
    return { createdAtMs: this.#settings.clock.now(), isQueued: isUnfunded, isUnfunded };
  }

  async #announce(entry: HostedEntry): Promise<void> {
    const times = this.#settings.webhooks === 'twice' ? 2 : 1;
    for (let time = 0; time < times; time += 1) await this.#post(entry);
  }

  async #post(entry: HostedEntry): Promise<void> {
    const { webhookUrl, webhooks } = this.#settings;
    const event = this.#events.bodyOf(entry);
    if (webhookUrl === undefined || event === undefined) return;
    const body = stringify(event) ?? '';
    const headers = this.#events.headersOf(body, webhooks === 'forged');
    const result = await postToLoopback(webhookUrl, body, this.timer.closing, headers);
    this.webhooks.push({ reference: entry.reference, body, headers, ...result });
  }
}

const balancesSchema = z.strictObject({
  available: balanceSchema(naira).optional(),
  ledger: balanceSchema(naira).optional(),
});

/** The status of a transfer as its provider shows it. */
export function shownStatus({ status, details }: HostedEntry): HostedTransfer['status'] {
  if (details.isQueued || status === 'processing') return 'pending';
  return status;
}

function publicForm(entry: HostedEntry): HostedTransfer {
  const { id, reference, amountMinor } = entry;
  return { id, reference, amount: formatMinorUnits(amountMinor, naira), status: shownStatus(entry) };
}
