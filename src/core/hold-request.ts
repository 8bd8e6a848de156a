// The arguments of a call that holds money, checked.
import { assertOptions } from './call-options.js';
import type { HoldOptions } from './calls.js';
import { InvalidArgumentError, InvalidReferenceError } from './errors.js';
import { isThenable } from './functions.js';
import { longestReservationMs } from './options.js';
import { parseReference } from './reference.js';
import type { Wallet } from './wallet.js';

export const noMetadata: Readonly<Record<string, string>> = Object.freeze({});

/** The request with every argument checked, and the parts of its own that may change copied. */
export function readRequest(options: HoldOptions): HoldOptions {
  if (typeof options !== 'object' || options === null || isThenable(options)) {
    throw new InvalidArgumentError('hold', 'takes an object that describes the payout');
  }
  assertOptions('hold', options);
  const reference = parseReference(options.reference);
  const { state = 'reserved', expiresInMs, fingerprint, metadata } = options;
  if (state !== 'reserved' && state !== 'sent') throw new InvalidArgumentError('state', "must be 'reserved' or 'sent'");
  assertExpiresInMs(expiresInMs);
  if (fingerprint !== undefined && (typeof fingerprint !== 'string' || !/^.{1,1000}$/su.test(fingerprint))) {
    throw new InvalidArgumentError('fingerprint', 'must be a text of 1 to 1,000 characters');
  }
  if (metadata === undefined && reference === options.reference) return options;
  return { ...options, metadata: readMetadata(metadata) };
}

/** @throws `InvalidArgumentError` for what is no lifetime of a reservation. */
export function assertExpiresInMs(expiresInMs: unknown): void {
  if (expiresInMs === undefined) return;
  if (!Number.isInteger(expiresInMs) || Number(expiresInMs) < 1 || Number(expiresInMs) > longestReservationMs) {
    throw new InvalidArgumentError('expiresInMs', 'must be a whole number of 1 to 2,592,000,000 milliseconds');
  }
}

function readMetadata(metadata: unknown): Readonly<Record<string, string>> {
  if (metadata === undefined) return noMetadata;
  const entries =
    typeof metadata === 'object' && metadata !== null && !isThenable(metadata) ? Object.entries(metadata) : undefined;
  const fits = entries?.every(([key, text]) => key.length <= 64 && typeof text === 'string' && text.length <= 256);
  if (!entries || !fits || entries.length > 16) {
    throw new InvalidArgumentError(
      'metadata',
      'must be at most 16 texts of at most 256 characters, with keys of at most 64',
    );
  }
  return Object.freeze(Object.fromEntries(entries));
}

/** @throws `InvalidReferenceError` for a reference that the provider does not take. */
export function assertReferenceForm({ provider }: Wallet, { reference }: HoldOptions): void {
  const { maxReferenceLength: longest, referenceForm } = provider ?? {};
  if (longest !== undefined && reference.length > longest) throw new InvalidReferenceError({ longest });
  if (referenceForm && !referenceForm.pattern.test(reference)) {
    throw new InvalidReferenceError({ form: referenceForm.words });
  }
}

/** @throws `InvalidArgumentError` for a text that is no reason. */
export function assertReason(reason: unknown): void {
  if (reason === undefined || isReason(reason)) return;
  throw new InvalidArgumentError('reason', 'must be 1 to 200 printable characters');
}

/** Returns true if a text may be the reason of an operator. */
export function isReason(reason: unknown): reason is string {
  return typeof reason === 'string' && /^[^\p{Cc}\p{Cs}]{1,200}$/u.test(reason);
}
