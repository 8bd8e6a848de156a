// Monnify, as far as logins, balances and single disbursements go. Texts that are not documented are marked.
import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import type { Answer } from '../simulator/faults.js';
import {
  type HostedEntry,
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
export interface MonnifySimulatorOptions extends HostedWalletOptions {
  /** @defaultValue 'MK_TEST_SIMULATED' */
  readonly apiKey?: string | undefined;
  /** @defaultValue 'SIMULATEDSECRETKEY' */
  readonly secretKey?: string | undefined;
  /** @defaultValue '8000000001' */
  readonly accountNumber?: string | undefined;
  /**
   * The result of a transfer that the wallet cannot pay: refused with D04, or accepted and failed later.
   * @defaultValue 'refuse'
   */
  readonly insufficientFunds?: 'refuse' | 'fail_later' | undefined;
  /**
   * The form of balances.
   * @defaultValue 'number'
   */
  readonly amounts?: 'number' | 'text' | undefined;
}

/** A running Monnify with one wallet. */
export interface MonnifySimulator extends HostedWalletSimulator {
  readonly apiKey: string;
  readonly secretKey: string;
  readonly accountNumber: string;
  /** Every access token issued so far is dead. */
  expireTokens(): void;
}

const tokenLifeSeconds = 3_600;

/**
 * Starts a Monnify API on a loopback port: POST `/api/v1/auth/login`, GET `/api/v2/disbursements/wallet-balance`, POST
 * `/api/v2/disbursements/single` and GET `/api/v2/disbursements/single/summary`. Transfers stay `PENDING` until they
 * are moved on, or for `settleAfterMs`. The two minutes of D07, same payee and amount, are not simulated.
 *
 * @throws `ConfigurationError` for options that are not as documented.
 */
export async function monnifySimulator(options: MonnifySimulatorOptions = {}): Promise<MonnifySimulator> {
  const settings = readOptions(optionsSchema, options);
  const { apiKey, secretKey, accountNumber, clock } = settings;
  /** The time at which each token ends. */
  const tokens = new Map<string, number>();
  let issued = 0;

  const wallet = new HostedWallet(settings, {
    bodyOf: (entry) => ({
      eventType: { pending: '', completed: 'SUCCESSFUL_DISBURSEMENT', failed: 'FAILED_DISBURSEMENT' }[
        shownStatus(entry)
      ],
      eventData: { ...summaryOf(entry), completedOn: '26/11/2026 9:00:06 AM' },
    }),
    headersOf: (body, isForged) => {
      const key = isForged ? `${secretKey}OFANOTHER` : secretKey;
      return { 'monnify-signature': createHmac('sha512', key).update(body).digest('hex') };
    },
  });

  function summaryOf(entry: HostedEntry): Record<string, unknown> {
    const failure = entry.details.isUnfunded ? 'You do not have sufficient balance' : 'Failed';
    const status = shownStatus(entry);
    return {
      amount: nairaNumber(entry.amountMinor),
      reference: entry.reference,
      narration: '',
      currency: 'NGN',
      fee: nairaNumber(wallet.feeMinor),
      status: { pending: 'PENDING', completed: 'SUCCESS', failed: 'FAILED' }[status],
      transactionDescription: { pending: '', completed: 'Approved', failed: failure }[status],
      transactionReference: `MFDS|${entry.id}`,
    };
  }

  function login({ headers }: RouteRequest): Answer {
    const keys = Buffer.from(`${apiKey}:${secretKey}`).toString('base64');
    // The text of this case is not documented.
    if (headers.authorization !== `Basic ${keys}`) throw refused(401, '99', 'Invalid credentials');
    issued += 1;
    const accessToken = `simulated-token-${issued}`;
    tokens.set(accessToken, clock.now() + tokenLifeSeconds * 1_000);
    return success({ accessToken, expiresIn: tokenLifeSeconds });
  }

  function balance({ query }: RouteRequest): Answer {
    if (query.get('accountNumber') !== accountNumber) throw refused(200, '99', 'Could not find specified wallet');
    const shown = (minor: bigint) => (settings.amounts === 'text' ? nairaNumber(minor).toString() : nairaNumber(minor));
    const { available, ledger } = wallet.figures;
    return success({ availableBalance: shown(available), ledgerBalance: shown(ledger) });
  }

  function create({ body }: RouteRequest): Answer {
    const transfer = readTransfer(body, accountNumber);
    if (wallet.book.find(transfer.reference)) throw refused(400, 'D05', 'Supplied reference already exists!');
    const isCovered = wallet.covers(transfer.amountMinor);
    if (!isCovered && settings.insufficientFunds === 'refuse') {
      throw refused(400, 'D04', 'The wallet balance is not sufficient');
    }
    const entry = isCovered ? wallet.accept(transfer) : wallet.acceptUnfunded(transfer);
    const { amount, reference, status } = summaryOf(entry);
    const dateCreated = new Date(entry.details.createdAtMs).toISOString();
    return success({ amount, reference, status, dateCreated, totalFee: nairaNumber(wallet.feeMinor) });
  }

  function summary({ query }: RouteRequest): Answer {
    const found = wallet.book.find(query.get('reference') ?? '');
    if (!found) throw refused(404, 'D02', 'Could not find disbursement transaction for given reference');
    return success(summaryOf(found));
  }

  const authenticated =
    (route: Route): Route =>
    (request) => {
      const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      if (clock.now() >= (tokens.get(token) ?? 0)) throw refused(401, '99', 'Access token expired');
      return route(request);
    };

  const server = await startServer({
    port: settings.port,
    clock,
    timer: wallet.timer,
    faultPath: '/api/v2/disbursements/wallet-balance',
    routes: {
      'POST /api/v1/auth/login': login,
      'GET /api/v2/disbursements/wallet-balance': authenticated(balance),
      'POST /api/v2/disbursements/single': authenticated(create),
      'GET /api/v2/disbursements/single/summary': authenticated(summary),
    },
    noRoute: (status) => refused(status, '99', 'Not found').answer,
  });
  const keys = { apiKey, secretKey, accountNumber };
  return Object.assign(wallet.methods(), server, keys, { expireTokens: () => tokens.clear() });
}

function success(responseBody: Record<string, unknown>): Answer {
  return {
    status: 200,
    body: { requestSuccessful: true, responseMessage: 'success', responseCode: '0', responseBody },
  };
}

/** The pairs of status and code are not documented. */
function refused(status: number, responseCode: string, responseMessage: string): Refusal {
  return new Refusal({ status, body: { requestSuccessful: false, responseMessage, responseCode } });
}

const transferSchema = z.object({
  reference: z.string().min(1),
  amount: numberText,
  currency: z.literal('NGN'),
  sourceAccountNumber: z.string(),
});

const smallestMinor = 2_000n;

function readTransfer(text: string, accountNumber: string) {
  const transfer = readBody(transferSchema, text);
  const amountMinor = nairaAmount.safeParse(transfer?.amount).data ?? 0n;
  // The text of this case is not documented.
  if (!transfer || amountMinor < smallestMinor) throw refused(400, 'D01', 'Invalid transfer');
  if (transfer.sourceAccountNumber !== accountNumber) throw refused(400, 'D03', 'Invalid source account');
  return { reference: transfer.reference, amountMinor };
}

const optionsSchema = z.strictObject({
  ...hostedWalletShape,
  apiKey: z.string().min(1).default('MK_TEST_SIMULATED'),
  secretKey: z.string().min(1).default('SIMULATEDSECRETKEY'),
  accountNumber: z.string().min(1).default('8000000001'),
  insufficientFunds: z.enum(['refuse', 'fail_later']).default('refuse'),
  amounts: z.enum(['number', 'text']).default('number'),
}) satisfies z.ZodType<unknown, MonnifySimulatorOptions>;
