// Any other balance API, described in about ten lines.
import { z } from 'zod';
import { BalanceUnavailableError, isPayoutGuardError } from '../../core/errors.js';
import { plainDecimalText } from '../../core/money.js';
import { readOptions } from '../../core/problems.js';
import type { BalanceProvider, ProviderBalance } from '../../core/provider.js';
import { redactedCause } from '../../core/redact.js';
import { aFunction } from '../../core/schemas.js';
import { type Credentials, credentialsFrom, sendWithCredentials } from '../shared/credentials.js';
import { OutsideFailure } from '../shared/failure.js';
import { canBeSent, expectSuccess, HttpClient } from '../shared/http-client.js';
import { parseJson, readShape } from '../shared/json.js';
import { callable, evenSo, type NetworkOptions, networkShape, resolveNetwork } from '../shared/network-options.js';

export type { NetworkOptions } from '../shared/network-options.js';

type Headers = Readonly<Record<string, string>>;

/** What a function of the description is told. */
export interface WalletRequest {
  /** The key of the wallet, as the application configured it. */
  readonly wallet: string;
}

/** A balance API. */
export interface HttpProviderOptions<Body> extends NetworkOptions {
  /** For messages and metrics. Letters, digits, `-` and `_`, at most 40. */
  name: string;
  /** Where the balance is. A function may put the wallet into it. */
  url: string | ((request: WalletRequest) => string);
  /** Headers, credentials among them. A function is called for each request, and once more after a 401. */
  headers?: Headers | ((request: WalletRequest) => Headers | Promise<Headers>) | undefined;
  /**
   * Checks the body; a zod schema. JSON numbers arrive as exact decimal text, not as floats: describe an amount as
   * `z.string()` whether the API sends `1200.50` or `"1200.50"`.
   */
  schema: { parse(input: unknown): Body };
  /** Takes the spendable figure out of the body, and the currency the provider says it is in. */
  select: (body: Body, request: WalletRequest) => ProviderBalance;
  /**
   * When the balance shows a payout.
   * @defaultValue `'unknown'`, which is treated as `'completion'`
   */
  debitVisibleAt?: BalanceProvider['debitVisibleAt'] | undefined;
  /**
   * Whether a payout is over when the pay call returns.
   * @defaultValue `'later'`
   */
  settles?: BalanceProvider['settles'] | undefined;
  /**
   * Whether `wallet` selects among several wallets.
   * @defaultValue `'one'`
   */
  wallets?: BalanceProvider['wallets'] | undefined;
}

const optionsShape = {
  name: z.string().regex(/^[\w-]{1,40}$/, 'must be 1 to 40 letters, digits, - or _'),
  url: z.union([z.string(), aFunction()], { error: 'must be a URL or a function' }),
  headers: z
    .union([z.record(z.string(), z.string()).refine(canBeSent), aFunction()], {
      error: 'must be a function, or an object of texts that HTTP can carry',
    })
    .optional(),
  schema: z.custom(
    (value) => typeof (value as { parse?: unknown } | null)?.parse === 'function',
    'must have a method parse, as a zod schema has',
  ),
  select: aFunction(),
  debitVisibleAt: z.enum(['acceptance', 'completion', 'unknown']).optional(),
  settles: z.enum(['onReturn', 'later']).optional(),
  wallets: z.enum(['one', 'many']).optional(),
  ...networkShape,
};

const optionsSchema: z.ZodType<unknown> = z.strictObject(optionsShape).superRefine(callable('url'), evenSo);

/**
 * A provider made of a URL, headers, a schema and a selection. Deadlines, retries, the size limit and the rest behave as in
 * every adapter.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function httpProvider<Body>(options: HttpProviderOptions<Body>): BalanceProvider {
  readOptions(optionsSchema, options);
  const { name, url, headers, schema, debitVisibleAt = 'unknown', settles = 'later', wallets = 'one' } = options;

  const client = new HttpClient(resolveNetwork(options));
  return {
    name,
    debitVisibleAt,
    settles,
    wallets,
    fetchBalance: ({ wallet, signal }) =>
      client.run(signal, async (exchange) => {
        const request = { url: typeof url === 'string' ? url : urlFrom(url, { wallet }) };
        const answer = await sendWithCredentials(exchange, credentialsOf(headers, { wallet }), request);
        expectSuccess(answer);
        const body = parseJson(answer.text, plainDecimalText);
        return select(options, readShape(schema, body, 'the answer does not fit the schema'), { wallet });
      }),
  };
}

function urlFrom(url: (request: WalletRequest) => string, request: WalletRequest): string {
  try {
    return url(request);
  } catch (error) {
    throw new OutsideFailure({ kind: 'shape', detail: 'url() threw' }, error);
  }
}

function credentialsOf(headers: HttpProviderOptions<unknown>['headers'], request: WalletRequest): Credentials {
  if (typeof headers !== 'function') return { headers: async () => ({ ...headers }), renewed: async () => undefined };
  const current = async () => ({ ...(await credentialsFrom('headers()', () => headers(request))) });
  return { headers: current, renewed: current };
}

function select<Body>(options: HttpProviderOptions<Body>, body: Body, request: WalletRequest): ProviderBalance {
  try {
    return options.select(body, request);
  } catch (error) {
    if (isPayoutGuardError(error)) throw error;
    throw new BalanceUnavailableError('malformed', { detail: 'select() threw', cause: redactedCause(error) });
  }
}
