// Transfers of the Paystack simulator: creation, one-time passwords and look-ups.
import type { Answer } from '../simulator/faults.js';
import { type HostedEntry, type HostedWallet, shownStatus } from '../simulator/hosted-wallet.js';
import type { Protocol, RouteRequest } from '../simulator/server.js';
import { invalid, readBulk, readOtp, readTransfer, refused, success, type TransferRequest } from './codec.js';
import type { Recipient, Recipients } from './recipients.js';

/** Differences of the transfers of the Paystack simulator from others. */
export interface PaystackTransferOptions {
  /**
   * The result of a transfer that the balance cannot pay: refused, or accepted and failed later.
   * @defaultValue 'refuse'
   */
  readonly insufficientFunds?: 'refuse' | 'fail_later' | undefined;
  /**
   * The status of a transfer before it ends.
   * @defaultValue 'pending'
   */
  readonly pendingAs?: 'pending' | 'received' | 'queued' | undefined;
  /**
   * The status of a transfer that failed after it was accepted.
   * @defaultValue 'failed'
   */
  readonly failedAs?: 'failed' | 'reversed' | undefined;
  /**
   * The one-time password that transfers wait for, 30 minutes long.
   * @defaultValue none, transfers start by themselves
   */
  readonly otp?: string | undefined;
}

export interface TransferContext {
  readonly settings: PaystackTransferOptions;
  readonly domain: 'test' | 'live';
  readonly integration: number;
  readonly wallet: HostedWallet;
  readonly recipients: Recipients;
}

export interface PaystackTransfers {
  readonly routes: Protocol['routes'];
  readonly eventOf: (entry: HostedEntry) => Answer['body'] | undefined;
}

type Request = Omit<TransferRequest, 'source'>;

const otpLifeMs = 30 * 60_000;

export function paystackTransfers(context: TransferContext): PaystackTransfers {
  const { settings, domain, integration, wallet, recipients } = context;
  const given = new Map<HostedEntry, { readonly recipient: Recipient; readonly reason: string | null }>();
  /** Transfers that were not started by their one-time password. */
  const waiting = new Set<HostedEntry>();

  function create({ body }: RouteRequest): Answer {
    const request = readTransfer(body);
    assertNew([request]);
    const entry = accept(request);
    const message = waiting.has(entry) ? 'Transfer requires OTP to continue' : 'Transfer has been queued';
    return success(message, rowOf(entry));
  }

  function bulk({ body }: RouteRequest): Answer {
    const { transfers } = readBulk(body);
    if (settings.otp !== undefined) throw refused(400, 'You need to disable the OTP requirement');
    assertNew(transfers);
    const rows = transfers.map(accept).map((entry) => {
      const { reference, amount, transfer_code, currency, status } = rowOf(entry);
      return { reference, recipient: given.get(entry)?.recipient.code, amount, transfer_code, currency, status };
    });
    return success(`${rows.length} transfers queued.`, rows);
  }

  /** All of a request, before any of it is accepted. */
  function assertNew(transfers: readonly Request[]): void {
    const named = transfers.flatMap(({ reference }) => reference ?? []);
    for (const { recipient } of transfers) recipients.find(recipient);
    if (new Set(named).size < named.length || named.some((reference) => wallet.book.find(reference))) {
      throw invalid(
        'Please provide a unique reference. Reference already exists on a transfer',
        'duplicate_transfer_reference',
        'Pass another reference, unless this transfer is the one that exists',
      );
    }
    const fees = wallet.feeMinor * BigInt(transfers.length - 1);
    const total = transfers.reduce((sum, { amountMinor }) => sum + amountMinor, fees);
    if (settings.insufficientFunds !== 'fail_later' && !wallet.covers(total)) {
      throw refused(400, 'Your balance is not enough to fulfil this request');
    }
  }

  function accept({ amountMinor, recipient, reference, reason }: Request): HostedEntry {
    const draft = { amountMinor, reference: reference ?? `simulated-reference-${wallet.book.entries.length + 1}` };
    const entry = acceptedBy(draft);
    given.set(entry, { recipient: recipients.find(recipient), reason: reason ?? null });
    // The sandbox ends transfers at once.
    if (domain === 'test') wallet.book.settle(entry);
    return entry;
  }

  function acceptedBy(draft: { readonly amountMinor: bigint; readonly reference: string }): HostedEntry {
    if (!wallet.covers(draft.amountMinor)) return wallet.acceptUnfunded(draft);
    if (settings.otp === undefined) return wallet.accept(draft);
    const entry = wallet.acceptWaiting(draft);
    waiting.add(entry);
    wallet.timer.run(otpLifeMs, () => {
      if (isWaiting(entry)) wallet.book.advance(entry.id, 'failed');
    });
    return entry;
  }

  function finalize({ body }: RouteRequest): Answer {
    const { transfer_code, otp } = readOtp(body);
    const entry = [...waiting].find((candidate) => codeOf(candidate) === transfer_code);
    // The texts of these cases are not documented.
    if (!entry || !isWaiting(entry)) throw refused(400, 'Transfer is not currently awaiting OTP');
    if (otp !== settings.otp) throw refused(400, 'Invalid OTP');
    waiting.delete(entry);
    wallet.book.start(entry);
    return success('Transfer has been queued', rowOf(entry));
  }

  const isWaiting = (entry: HostedEntry) => waiting.has(entry) && entry.status === 'pending';

  function verify({ path }: RouteRequest): Answer {
    return found(wallet.book.find(lastPartOf(path)));
  }

  function one({ path }: RouteRequest): Answer {
    const wanted = lastPartOf(path);
    return found(wallet.book.entries.find((entry) => wanted === entry.id || wanted === codeOf(entry)));
  }

  function found(entry: HostedEntry | undefined): Answer {
    if (!entry) throw refused(404, 'Transfer not found');
    return success('Transfer retrieved', detailedRowOf(entry));
  }

  function statusOf(entry: HostedEntry): string {
    const status = shownStatus(entry);
    if (status === 'completed') return 'success';
    if (waiting.has(entry)) return status === 'pending' ? 'otp' : 'abandoned';
    return status === 'pending' ? (settings.pendingAs ?? 'pending') : (settings.failedAs ?? 'failed');
  }

  function rowOf(entry: HostedEntry): Record<string, unknown> {
    const time = new Date(entry.details.createdAtMs).toISOString();
    return {
      transfersessionid: [],
      transfertrials: [],
      domain,
      amount: entry.amountMinor,
      currency: 'NGN',
      reference: entry.reference,
      source: 'balance',
      source_details: null,
      reason: given.get(entry)?.reason ?? null,
      status: statusOf(entry),
      failures: null,
      transfer_code: codeOf(entry),
      titan_code: null,
      transferred_at: null,
      id: BigInt(entry.id),
      integration,
      request: null,
      recipient: given.get(entry)?.recipient.id,
      createdAt: time,
      updatedAt: time,
    };
  }

  function detailedRowOf(entry: HostedEntry): Record<string, unknown> {
    const { transfersessionid: _, transfertrials: __, ...row } = rowOf(entry);
    const recipient = given.get(entry)?.recipient;
    return {
      ...row,
      recipient: recipient && recipients.rowOf(recipient),
      session: { provider: null, id: null },
      fee_charged: wallet.feeMinor,
      fees_breakdown: null,
      gateway_response: null,
    };
  }

  function eventOf(entry: HostedEntry): Answer['body'] | undefined {
    const status = statusOf(entry);
    if (!['success', 'failed', 'reversed'].includes(status)) return undefined;
    return { event: `transfer.${status}`, data: detailedRowOf(entry) };
  }

  return {
    routes: {
      'POST /transfer': create,
      'POST /transfer/bulk': bulk,
      'POST /transfer/finalize_transfer': finalize,
      'GET /transfer/verify/{id}': verify,
      'GET /transfer/{id}': one,
    },
    eventOf,
  };
}

function codeOf({ id }: HostedEntry): string {
  return `TRF_simulated${id}`;
}

function lastPartOf(path: string): string {
  return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
}
