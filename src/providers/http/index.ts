// Any other balance API, described in about ten lines.
import * as z from 'zod';
import { BalanceUnavailableError, isPayoutGuardError } from '../../core/errors.js';
import { plainDecimalText } from '../../core/money.js';
import { readOptions } from '../../core/problems.js';
import type { BalanceProvider, ProviderBalance } from '../../core/provider.js';
import { redactedCause } from '../../core/redact.js';
import { functionSchema } from '../../core/schemas.js';
import { canBeSent, expectSuccess } from '../../http/client.js';
import { type Credentials, credentialsFrom, sendWithCredentials } from '../../http/credentials.js';
import { HttpFailure } from '../../http/failure.js';
import { parseJson, readShape } from '../../http/json.js';
import { alwaysCheck, type NetworkOptions, networkShape, resolveNetwork, urlRule } from '../../http/options.js';
import { ProviderClient } from '../shared/provider-client.js';

export type { NetworkOptions } from '../../http/options.js';

type Headers = Readonly<Record<string, string>>;

/** The argument of the functions of a description. */
export interface HttpBalanceRequest {
  /** ISO 4217 code of the wallet's currency. */
  readonly currency: string;
}

/** A balance API. */
export interface HttpProviderOptions<Body> extends NetworkOptions {
  /** For messages and metrics. Letters, digits, `-` and `_`, at most 40. */
  name: string;
  /** Address of the balance. A function may put the currency into it. */
  url: string | ((request: HttpBalanceRequest) => string);
  /** Headers, credentials among them. A function is called for each request, and once more after a 401. */
  headers?: Headers | ((request: HttpBalanceRequest) => Headers | Promise<Headers>) | undefined;
  /**
   * Checks the body; a zod schema. JSON numbers arrive as exact decimal text, not as floats: describe an amount as
   * `z.string()` whether the API sends `1200.50` or `"1200.50"`.
   */
  schema: { parse(input: unknown): Body };
  /**
   * Names the account behind the credentials, such as a merchant number: never a secret, and unchanged when keys are
   * rotated. Needed when two wallets of a store have the same address.
   * @defaultValue host and path of a fixed `url`
   */
  accountId?: string | undefined;
  /** Takes the spendable figure and its currency out of the body. */
  select: (body: Body, request: HttpBalanceRequest) => ProviderBalance;
  /**
   * Moment at which the balance shows a payout.
   * @defaultValue `'unknown'`, which is treated as `'completion'`
   */
  debitVisibleAt?: BalanceProvider['debitVisibleAt'] | undefined;
  /**
   * Longest time after that moment in which the balance may not show it, in milliseconds; 0 to 600,000. 0 only where
   * the provider documents it.
   * @defaultValue 10,000
   */
  visibleAfterMs?: number | undefined;
}

const optionsShape = {
  name: z.string().regex(/^[\w-]{1,40}$/, 'must be 1 to 40 letters, digits, - or _'),
  url: z.union([z.string(), functionSchema()], { error: 'must be a URL or a function' }),
  headers: z
    .union([z.record(z.string(), z.string()).refine(canBeSent), functionSchema()], {
      error: 'must be a function, or an object of texts that HTTP can carry',
    })
    .optional(),
  schema: z.custom(
    (value) => typeof (value as { parse?: unknown } | null)?.parse === 'function',
    'must have a method parse, as a zod schema has',
  ),
  select: functionSchema(),
  debitVisibleAt: z.enum(['acceptance', 'completion', 'unknown']).optional(),
  visibleAfterMs: z.int().min(0).max(600_000).optional(),
  accountId: z.string().min(1).max(1_000).optional(),
  ...networkShape,
};

const optionsSchema: z.ZodType<unknown> = z.strictObject(optionsShape).superRefine(urlRule('url'), alwaysCheck);

/**
 * A provider made of a URL, headers, a schema and a selection. Deadlines, retries, the size limit and the rest behave
 * as in every adapter.
 *
 * @throws `ConfigurationError` naming every problem of the options.
 */
export function httpProvider<Body>(options: HttpProviderOptions<Body>): BalanceProvider {
  readOptions(optionsSchema, options);
  const { name, url, headers, schema, debitVisibleAt = 'unknown', visibleAfterMs } = options;

  const client = new ProviderClient(resolveNetwork(options));
  return {
    name,
    accountId: options.accountId ?? (typeof url === 'string' ? addressOf(url) : undefined),
    debitVisibleAt,
    visibleAfterMs,
    fetchBalance: ({ currency, signal }) =>
      client.run(signal, async (exchange) => {
        const request = { url: typeof url === 'string' ? url : urlFrom(url, { currency }) };
        const answer = await sendWithCredentials(exchange, credentialsOf(headers, { currency }), request);
        expectSuccess(answer);
        const body = parseJson(answer.text, plainDecimalText);
        return select(options, readShape(schema, body, 'the answer does not fit the schema'), { currency });
      }),
  };
}

/** Without the query, which may hold a secret. */
function addressOf(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
}

function urlFrom(url: (request: HttpBalanceRequest) => string, request: HttpBalanceRequest): string {
  try {
    return url(request);
  } catch (error) {
    throw new HttpFailure({ kind: 'shape', detail: 'url() threw' }, error);
  }
}

function credentialsOf(headers: HttpProviderOptions<unknown>['headers'], request: HttpBalanceRequest): Credentials {
  if (typeof headers !== 'function') return { headers: async () => ({ ...headers }), renewed: async () => undefined };
  const current = async () => ({ ...(await credentialsFrom('headers()', () => headers(request))) });
  return { headers: current, renewed: current };
}

function select<Body>(options: HttpProviderOptions<Body>, body: Body, request: HttpBalanceRequest): ProviderBalance {
  try {
    return options.select(body, request);
  } catch (error) {
    if (isPayoutGuardError(error)) throw error;
    throw new BalanceUnavailableError('malformed', { detail: 'select() threw', cause: redactedCause(error) });
  }
}
