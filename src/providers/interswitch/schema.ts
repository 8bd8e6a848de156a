// The answers of the service in front of Interswitch Uganda: an envelope, with the balance in it or beside it, or with
// the state of a payment as its code.
import * as z from 'zod';
import { jsonNumber } from '../../http/json.js';

const text = z.string().max(128);
const textOrNumber = z.union([text, jsonNumber]);

// No other balance is named here: `ledgerBalance` is read apart, for display (display.ts).
const figures = {
  availableBalance: textOrNumber.nullish(),
  currencyCode: textOrNumber.nullish(),
  currency: textOrNumber.nullish(),
};

export interface Figures {
  readonly availableBalance?: string | null | undefined;
  readonly currencyCode?: string | null | undefined;
  readonly currency?: string | null | undefined;
}

export interface Envelope extends Figures {
  readonly responseCode: string;
  readonly response?: Figures | null | undefined;
}

export const envelope: z.ZodType<Envelope> = z.object({
  responseCode: textOrNumber,
  response: z.object(figures).nullish(),
  ...figures,
});

export interface StatusAnswer {
  readonly responseCode: string;
  readonly requestReference?: string | null | undefined;
}

export const statusAnswer: z.ZodType<StatusAnswer> = z.object({
  responseCode: textOrNumber,
  requestReference: textOrNumber.nullish(),
});
