// Flutterwave, API v3, as far as balances and transfers go. Texts that are not documented are marked.
import { createHmac } from 'node:crypto';
import { LosslessNumber } from 'lossless-json';
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import type { Answer } from '../simulator/faults.js';
import {
  type HostedEntry,
  type HostedTransfer,
  HostedWallet,
  type HostedWalletOptions,
  type HostedWalletSimulator,
  hostedWalletShape,
  nairaAmount,
  nairaNumber,
  shownStatus,
} from '../simulator/hosted-wallet.js';
import { numberText, readBody } from '../simulator/json-body.js';
import { Refusal, type Route, type RouteRequest, startServer } from '../simulator/server.js';

/** Amounts are decimal text in NGN. */
export interface FlutterwaveSimulatorOptions extends HostedWalletOptions {
  /** @defaultValue 'FLWSECK_TEST-simulated-X' */
  readonly secretKey?: string | undefined;
  /** @defaultValue 'simulated-secret-hash' */
  readonly webhookSecret?: string | undefined;
  /**
   * The proof of a webhook: the secret hash itself, or a signature over the body.
   * @defaultValue 'secret'
   */
  readonly webhookProof?: 'secret' | 'signature' | undefined;
}

/** A running Flutterwave with one wallet, in NGN. */
export interface FlutterwaveSimulator extends HostedWalletSimulator {
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** True if API calls are answered as to an address that is not on the list of the account. */
  refuseIp(refuse: boolean): void;
}

const pageSize = 10;

/**
 * Starts a Flutterwave API on a loopback port: GET `/v3/balances` and `/v3/balances/NGN`, POST `/v3/transfers`, GET
 * `/v3/transfers` and `/v3/transfers/{id}`. A transfer that the wallet cannot pay is accepted, and fails later.
 * Transfers stay `NEW` until they are moved on, or for `settleAfterMs`. With a test key the references of the sandbox
 * decide: one that ends in `_PMCK_ST_F` fails, and one in `_PMCKDU_2` ends after two minutes.
 *
 * @throws `ConfigurationError` for options that are not as documented.
 */
export async function flutterwaveSimulator(options: FlutterwaveSimulatorOptions = {}): Promise<FlutterwaveSimulator> {
  const settings = readOptions(optionsSchema, options);
  const { secretKey, webhookSecret } = settings;
  const isTest = secretKey.startsWith('FLWSECK_TEST-');
  const outcomeOf = ({ reference }: HostedTransfer) =>
    isTest && reference.endsWith('_PMCK_ST_F') ? 'failed' : 'completed';
  let ipRefused = false;

  const wallet = new HostedWallet(
    { ...settings, outcomeOf: settings.outcomeOf ?? outcomeOf },
    {
      bodyOf: (entry) => ({ event: 'transfer.completed', 'event.type': 'Transfer', data: rowOf(entry) }),
      headersOf: (body, isForged) => {
        const secret = isForged ? `${webhookSecret}-of-another` : webhookSecret;
        if (settings.webhookProof === 'secret') return { 'verif-hash': secret };
        return { 'flutterwave-signature': createHmac('sha256', secret).update(body).digest('base64') };
      },
    },
  );

  function rowOf(entry: HostedEntry): Record<string, unknown> {
    const status = shownStatus(entry);
    const failure = entry.details.isUnfunded ? 'DISBURSE FAILED: Insufficient funds in customer wallet' : 'Failed';
    return {
      id: new LosslessNumber(entry.id),
      account_number: '0690000031',
      bank_code: '044',
      full_name: 'Example Person',
      created_at: new Date(entry.details.createdAtMs).toISOString(),
      currency: 'NGN',
      debit_currency: null,
      amount: nairaNumber(entry.amountMinor),
      fee: nairaNumber(wallet.feeMinor),
      status: { pending: 'NEW', completed: 'SUCCESSFUL', failed: 'FAILED' }[status],
      reference: entry.reference,
      meta: null,
      narration: '',
      approver: null,
      complete_message: { pending: '', completed: 'Successful', failed: failure }[status],
      requires_approval: 0,
      is_approved: 1,
      bank_name: 'ACCESS BANK NIGERIA',
    };
  }

  const balance = () => ({
    currency: 'NGN',
    available_balance: nairaNumber(wallet.figures.available),
    ledger_balance: nairaNumber(wallet.figures.ledger),
  });

  function balanceOf({ path }: RouteRequest): Answer {
    // The text of this case is not documented.
    if (!path.endsWith('/NGN')) throw refused(400, 'No wallet in this currency');
    return success('Wallet balances fetched', balance());
  }

  function create({ body }: RouteRequest): Answer {
    const transfer = readTransfer(body);
    if (wallet.book.find(transfer.reference)) throw refused(400, 'Transfer with reference already exists');
    const entry = wallet.covers(transfer.amountMinor) ? wallet.accept(transfer) : wallet.acceptUnfunded(transfer);
    const minutes = isTest ? /_PMCKDU_(\d{1,3})$/.exec(entry.reference)?.[1] : undefined;
    if (minutes !== undefined) wallet.timer.run(Number(minutes) * 60_000, () => wallet.book.settle(entry));
    return success('Transfer Queued Successfully', rowOf(entry));
  }

  /** Newest first. */
  function list({ query }: RouteRequest): Answer {
    const [reference, page] = [query.get('reference'), Number(query.get('page') ?? 1)];
    const found = wallet.book.entries.filter((entry) => reference === null || entry.reference === reference);
    const rows = found.toReversed().slice((page - 1) * pageSize, page * pageSize);
    const page_info = { total: found.length, current_page: page, total_pages: Math.ceil(found.length / pageSize) };
    const { status, body } = success('Transfers fetched', rows.map(rowOf));
    return { status, body: { ...body, meta: { page_info } } };
  }

  function one({ path }: RouteRequest): Answer {
    const found = wallet.book.entries.find(({ id }) => path.endsWith(`/${id}`));
    // The text of this case is not documented.
    if (!found) throw refused(404, 'Transfer not found');
    return success('Transfer fetched', rowOf(found));
  }

  const authenticated =
    (route: Route): Route =>
    (request) => {
      // The text of this case is not documented.
      if (request.headers.authorization !== `Bearer ${secretKey}`) throw refused(401, 'Invalid authorization key');
      if (ipRefused) throw refused(400, 'Please enable IP Whitelisting to access this service');
      return route(request);
    };

  const routes = {
    'GET /v3/balances': () => success('Wallet balances fetched', [balance()]),
    'GET /v3/balances/{id}': balanceOf,
    'POST /v3/transfers': create,
    'GET /v3/transfers': list,
    'GET /v3/transfers/{id}': one,
  };
  const server = await startServer({
    port: settings.port,
    clock: settings.clock,
    timer: wallet.timer,
    faultPath: '/v3/balances/NGN',
    routes: Object.fromEntries(Object.entries(routes).map(([key, route]) => [key, authenticated(route)])),
    noRoute: (status) => ({ status, body: { status: 'error', message: 'Not found', data: null } }),
  });
  return Object.assign(wallet.methods(), server, {
    secretKey,
    webhookSecret,
    refuseIp: (refuse: boolean) => {
      ipRefused = refuse;
    },
  });
}

function success(message: string, data: unknown): Answer {
  return { status: 200, body: { status: 'success', message, data } };
}

function refused(status: number, message: string): Refusal {
  return new Refusal({ status, body: { status: 'error', message, data: null } });
}

const transferSchema = z.object({ reference: z.string().min(1), amount: numberText, currency: z.literal('NGN') });

function readTransfer(text: string): { readonly reference: string; readonly amountMinor: bigint } {
  const transfer = readBody(transferSchema, text);
  const amountMinor = nairaAmount.safeParse(transfer?.amount).data;
  // The text of this case is not documented.
  if (!transfer || !amountMinor) throw refused(400, 'Invalid transfer');
  return { reference: transfer.reference, amountMinor };
}

const optionsSchema = z.strictObject({
  ...hostedWalletShape,
  secretKey: z.string().min(1).default('FLWSECK_TEST-simulated-X'),
  webhookSecret: z.string().min(1).default('simulated-secret-hash'),
  webhookProof: z.enum(['secret', 'signature']).default('secret'),
}) satisfies z.ZodType<unknown, FlutterwaveSimulatorOptions>;
