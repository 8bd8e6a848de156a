// Options that the adapters of hosted APIs share.
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import { alwaysCheck, type NetworkOptions, networkShape, urlRule } from '../../http/options.js';
import { urlProblem } from '../../http/safe-url.js';

/** Options of every adapter of a hosted API. */
export interface HostedApiOptions extends NetworkOptions {
  /**
   * Root of the API, for tests and proxies.
   * @defaultValue the live host
   */
  baseUrl?: string | undefined;
  /**
   * Distinguishes this account from another one of yours that its other options do not distinguish, such as two
   * integrations with keys of their own: 1 to 100 printable ASCII characters. Never a secret, and unchanged when keys
   * are rotated.
   * @defaultValue none: one account at this address, in this mode
   */
  accountId?: string | undefined;
}

/** A key, token or secret as it is sent in a header. */
export const secretText: z.ZodType<string> = z
  .string()
  .regex(/^[\x21-\x7e]{1,8192}$/, 'must be text without spaces, as the provider shows it');

const accountId = z
  .string()
  .regex(/^[\x20-\x7e]{1,100}$/, 'must be 1 to 100 printable ASCII characters')
  .optional();

/** The address of a route of the application that the provider posts to. */
export const routeAddress: z.ZodType<string | undefined> = z
  .string()
  .superRefine((url, context) => {
    const message = urlProblem(url, { dangerouslyAllowHttp: false });
    if (message) context.addIssue({ code: 'custom', message });
  })
  .optional();

/**
 * Reads the options of an adapter, with the live host as the default of `baseUrl`: one for all, or one for each kind of
 * account.
 *
 * @throws `ConfigurationError` naming every problem, and no value.
 */
export function readHostedOptions<Options extends HostedApiOptions>(
  shape: { readonly [Key in Exclude<keyof Options, keyof HostedApiOptions>]-?: z.ZodType<Options[Key]> },
  options: Options,
  liveUrl: string | ((options: Options) => string),
): Options & { readonly baseUrl: string } {
  const schema = z
    .strictObject({ ...shape, baseUrl: z.string().optional(), accountId, ...networkShape })
    .superRefine(urlRule('baseUrl'), alwaysCheck) as unknown as z.ZodType<Options>;
  const given = withoutUndefined(readOptions(schema, options));
  return { baseUrl: typeof liveUrl === 'string' ? liveUrl : liveUrl(given), ...given };
}

function withoutUndefined<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}
