// What has to be known to speak to Phoenix, and every choice that its sources leave open.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { readOptions } from '../../core/problems.js';
import {
  callable,
  evenSo,
  type Network,
  type NetworkOptions,
  networkShape,
  resolveNetwork,
  withoutTrailingSlashes,
} from '../shared/network-options.js';
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
   * How long a session is used at most, in milliseconds: 10,000 to 86,400,000. Sooner if Phoenix says when it ends, and
   * that is still to come. A session that ends by itself is replaced when Phoenix refuses it.
   * @defaultValue 600,000
   */
  sessionMaxMs?: number | undefined;
  /**
   * Where the spendable figure is looked for, best first; what does not call itself available is believed only where
   * nothing beside it does.
   * @defaultValue ['availableBalance', 'available_balance', 'balance']
   */
  balanceFields?: readonly string[] | undefined;
  /**
   * ISO 4217 code of a balance that names no currency.
   * @defaultValue none: such a balance is refused
   */
  assumedCurrency?: string | undefined;
  /**
   * What `lookup` makes of a payment that Phoenix says does not exist (90025). `failed` frees its hold once that was
   * the answer `times` times over `overMs` milliseconds, and no other answer in between; then it may be sent again, but
   * **under the same reference only**: the first one may still arrive. Never use `failed` with payments that go through
   * another terminal, all of which do not exist here. At least 3 times over 300,000 ms, which are the defaults.
   * @defaultValue `{ means: 'unknown' }`, so that the payout stays held until somebody decides
   */
  notFound?:
    | { means: 'unknown' }
    | { means: 'failed'; times?: number | undefined; overMs?: number | undefined }
    | undefined;
  /** @defaultValue 'seconds' */
  timestamp?: TimestampForm | undefined;
  /** The form that the password had at registration. @defaultValue 'base64' */
  passwordForm?: PasswordForm | undefined;
  /** @defaultValue 'compressed' */
  pointForm?: PointForm | undefined;
  /** Whether the token is encrypted behind 16 random bytes, or behind 16 zeros. @defaultValue 'random' */
  tokenIv?: 'random' | 'zero' | undefined;
  /** Which scheme a signed URL has: that of the call, or https always, as the vendor's service has it. @defaultValue 'asCalled' */
  signedScheme?: 'asCalled' | 'https' | undefined;
  /** How amounts are written in payments. @defaultValue 'javaDouble' */
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
  readonly notFound: { readonly means: 'unknown' } | { readonly means: 'failed'; times: number; overMs: number };
  readonly timestamp: TimestampForm;
  readonly passwordForm: PasswordForm;
  readonly pointForm: PointForm;
  readonly tokenIv: 'random' | 'zero';
  readonly signedScheme: 'asCalled' | 'https';
  readonly amountForm: AmountForm;
  readonly network: Network;
}

const plainId = /^[A-Za-z0-9._-]{1,128}$/;

/** Whether every client escapes a text in the same way, namely not at all; any other may break a signature. */
export function isPlainId(value: unknown): boolean {
  return typeof value === 'string' && plainId.test(value);
}

const secretText = z.string().min(1);
const idText = z.string().regex(plainId, 'must be letters, digits, ".", "_" and "-"');

/** Text of a key, or a key. Never repeats what it was given. */
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
    // What is wrong with it, node:crypto says in words of its own; the caller names the option.
    return undefined;
  }
}

/** The shortest time that is believed to prove that a payment did not arrive. */
const judgedMs = 300_000;

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
    notFound: z
      .discriminatedUnion('means', [
        z.strictObject({ means: z.literal('unknown') }),
        z.strictObject({
          means: z.literal('failed'),
          times: z.int().min(3).max(1_000).default(3),
          overMs: z.int().min(judgedMs).max(604_800_000).default(judgedMs),
        }),
      ])
      .default({ means: 'unknown' }),
    amountForm: z.enum(['javaDouble', 'plain']).default('javaDouble'),
    ...networkShape,
  })
  .superRefine(callable('baseUrl'), evenSo);

/** @throws `ConfigurationError` naming every problem of the options, and no value. */
export function readPhoenix(options: PhoenixOptions): Phoenix {
  const given = readOptions(optionsSchema, options);
  return { ...given, baseUrl: withoutTrailingSlashes(given.baseUrl), network: resolveNetwork(given) };
}
