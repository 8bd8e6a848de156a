// The options of Phoenix, and every choice that its sources leave open.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import * as z from 'zod';
import { readOptions } from '../../core/problems.js';
import {
  alwaysCheck,
  type Network,
  type NetworkOptions,
  networkShape,
  resolveNetwork,
  urlRule,
  withoutTrailingSlashes,
} from '../../http/options.js';
import type { AmountForm } from './amount.js';
import type { PasswordForm, PointForm } from './session-keys.js';
import type { TimestampForm } from './signing.js';

/** A terminal at Interswitch Uganda, registered once with `payout-guard phoenix register`. */
export interface PhoenixOptions extends NetworkOptions {
  /** `https://services.interswitchug.com/api/v1/phoenix`, for tests `https://dev.interswitch.io/api/v1/phoenix`. */
  baseUrl: string;
  clientId: string;
  /** The secret that registration returned, not the one it was begun with. Text; it is never decoded. */
  clientSecret: string;
  /** Letters, digits, `-`, `_` and `.`, such as `3ISO0155`. */
  terminalId: string;
  /** The name of the device, the same as at registration. */
  serialId: string;
  /** The same as at registration, such as `v1`. */
  appVersion: string;
  /** The password of the account. */
  password: string;
  /** The RSA private key whose public half was registered: PEM, base64 of its PKCS#8 bytes, or a `KeyObject`. */
  privateKey: string | KeyObject;
  /** The same as at registration, if it named one. */
  gprsCoordinate?: string | undefined;
  /**
   * Longest use of a session, in milliseconds: 10,000 to 86,400,000. Shorter if Phoenix names an end that is
   * still to come. A session that ends by itself is replaced when Phoenix refuses it.
   * @defaultValue 600,000
   */
  sessionMaxMs?: number | undefined;
  /**
   * Names of the spendable figure, best first. One without "available" in its name counts only where no other member
   * has it.
   * @defaultValue ['availableBalance', 'available_balance', 'balance']
   */
  balanceFields?: readonly string[] | undefined;
  /**
   * ISO 4217 code of a balance that names no currency.
   * @defaultValue none: such a balance is refused
   */
  assumedCurrency?: string | undefined;
  /** @defaultValue 'seconds' */
  timestamp?: TimestampForm | undefined;
  /** The form that the password had at registration. @defaultValue 'base64' */
  passwordForm?: PasswordForm | undefined;
  /** @defaultValue 'compressed' */
  pointForm?: PointForm | undefined;
  /** The 16 bytes before the encrypted token: random, or zeros. @defaultValue 'random' */
  tokenIv?: 'random' | 'zero' | undefined;
  /**
   * Scheme of a signed URL: that of the call, or always https, as the vendor's service has it.
   * @defaultValue 'asCalled'
   */
  signedScheme?: 'asCalled' | 'https' | undefined;
  /** Form of the amounts in payments. @defaultValue 'javaDouble' */
  amountForm?: AmountForm | undefined;
}

/** {@link PhoenixOptions}, read. */
export interface Phoenix {
  readonly baseUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly terminalId: string;
  readonly serialId: string;
  readonly appVersion: string;
  readonly password: string;
  readonly privateKey: KeyObject;
  readonly gprsCoordinate?: string | undefined;
  readonly sessionMaxMs: number;
  readonly balanceFields: readonly string[];
  readonly assumedCurrency?: string | undefined;
  readonly timestamp: TimestampForm;
  readonly passwordForm: PasswordForm;
  readonly pointForm: PointForm;
  readonly tokenIv: 'random' | 'zero';
  readonly signedScheme: 'asCalled' | 'https';
  readonly amountForm: AmountForm;
  readonly network: Network;
}

const plainId = /^[A-Za-z0-9._-]{1,128}$/;

/** Returns true if every client sends a text without escaping it. Any other text may break a signature. */
export function isPlainId(value: unknown): boolean {
  return typeof value === 'string' && plainId.test(value);
}

const secretText = z.string().min(1);
const idText = z.string().regex(plainId, 'must be letters, digits, ".", "_" and "-"');

/** Text of a key, or a key. Its errors never repeat the value. */
const rsaPrivateKey: z.ZodType<KeyObject, string | KeyObject> = z
  .custom<string | KeyObject>((value) => typeof value === 'string' || typeof value === 'object')
  .transform((given, context) => {
    const key = typeof given === 'string' ? keyFromText(given) : given;
    if (key?.type === 'private' && key.asymmetricKeyType === 'rsa') return key;
    context.addIssue('must be an RSA private key: PEM, base64 of PKCS#8, or a KeyObject');
    return z.NEVER;
  });

function keyFromText(text: string): KeyObject | undefined {
  try {
    if (text.includes('-----')) return createPrivateKey(text);
    return createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs8' });
  } catch {
    // The message of node:crypto does not help; the caller names the option.
    return undefined;
  }
}

const optionsSchema: z.ZodType<Omit<Phoenix, 'network'> & NetworkOptions> = z
  .strictObject({
    baseUrl: z.string(),
    clientId: secretText,
    clientSecret: secretText,
    terminalId: idText,
    serialId: z.string().min(1).max(128),
    appVersion: z.string().min(1).max(64),
    password: z.string().regex(/\S/, 'must not be empty'),
    privateKey: rsaPrivateKey,
    gprsCoordinate: z.string().max(64).optional(),
    timestamp: z.enum(['seconds', 'iso']).default('seconds'),
    passwordForm: z.enum(['base64', 'upperHex', 'base64OfHex']).default('base64'),
    pointForm: z.enum(['compressed', 'uncompressed']).default('compressed'),
    tokenIv: z.enum(['random', 'zero']).default('random'),
    signedScheme: z.enum(['asCalled', 'https']).default('asCalled'),
    sessionMaxMs: z.int().min(10_000).max(86_400_000).default(600_000),
    balanceFields: z
      .array(z.string().regex(/^\w{1,64}$/))
      .min(1)
      .max(10)
      .readonly()
      .default(['availableBalance', 'available_balance', 'balance']),
    assumedCurrency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')
      .optional(),
    amountForm: z.enum(['javaDouble', 'plain']).default('javaDouble'),
    ...networkShape,
  })
  .superRefine(urlRule('baseUrl'), alwaysCheck);

/** @throws `ConfigurationError` naming every problem of the options, and no value. */
export function readPhoenix(options: PhoenixOptions): Phoenix {
  const given = readOptions(optionsSchema, options);
  return { ...given, baseUrl: withoutTrailingSlashes(given.baseUrl), network: resolveNetwork(given) };
}
