// The answers of Phoenix: one envelope around everything.
import * as z from 'zod';
import { jsonNumber } from '../../http/json.js';

const text = z.string().max(128);
const textOrNumber = z.union([text, jsonNumber]);

/** Members of an object. Those that are no balance are for display at most: a decision gets none of them. */
export type Members = Readonly<Record<string, unknown>>;

export interface Envelope extends Members {
  readonly responseCode: string;
  readonly requestReference?: string | null | undefined;
  readonly response?: Members | null | undefined;
}

export const envelope: z.ZodType<Envelope> = z.looseObject({
  responseCode: textOrNumber,
  requestReference: textOrNumber.nullish(),
  response: z.looseObject({}).nullish(),
});

/** A figure or the name of a currency: text, or a number read as exact text. */
export const figure: z.ZodType<string> = textOrNumber;

/** Base64 of what was encrypted for a key of at most 8,192 bits. */
const cipherText = z.string().regex(/^[A-Za-z0-9+/]{1,1400}={0,2}$/);

export interface SessionAnswer {
  readonly authToken: string;
  readonly serverSessionPublicKey: string;
  readonly expireTime?: unknown;
}

export const sessionAnswer: z.ZodType<SessionAnswer> = z.object({
  authToken: cipherText,
  serverSessionPublicKey: cipherText,
  expireTime: z.unknown().optional(),
});

export interface RegistrationAnswer extends SessionAnswer {
  readonly transactionReference: string;
}

export const registrationAnswer: z.ZodType<RegistrationAnswer> = z.object({
  authToken: cipherText,
  serverSessionPublicKey: cipherText,
  transactionReference: z.string().min(1).max(256),
});

export interface CompletedAnswer {
  readonly clientSecret: string;
}

export const completedAnswer: z.ZodType<CompletedAnswer> = z.object({ clientSecret: cipherText });
