// The wire format of JPay: amounts, errors and the objects it reads.
import type * as z from 'zod';
import { type Currency, resolveCurrency } from '../../core/currency.js';
import { formatMinorUnits } from '../../core/money.js';
import { amountSchema, balanceSchema } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import { Refusal } from '../simulator/server.js';

export const basePath = '/api/v1';

const kes: Currency = resolveCurrency('KES');
export const kesAmount: z.ZodType<bigint, string> = amountSchema(kes);
export const kesBalance: z.ZodType<bigint, string> = balanceSchema(kes);

export function kesText(minor: bigint): string {
  return formatMinorUnits(minor, kes);
}

export function detail(status: number, text: string): Answer {
  return { status, body: { detail: text } };
}

export function refused(status: number, text: string): Refusal {
  return new Refusal(detail(status, text));
}

export function parsedObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Not JSON; and JSON that is no object is no better.
  }
  throw refused(400, 'JSON parse error - Expecting value: line 1 column 1 (char 0)');
}
