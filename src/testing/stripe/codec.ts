// The wire format of Stripe: forms, errors and the events of its webhooks.
import { createHmac } from 'node:crypto';
import type { Answer } from '../simulator/faults.js';
import { Refusal } from '../simulator/server.js';

export function refused(status: number, type: string, message: string, code?: string): Refusal {
  const body: Answer['body'] = { error: { type, message, ...(code === undefined ? {} : { code }) } };
  return new Refusal({ status, body });
}

export function invalid(message: string, code?: string): Refusal {
  return refused(400, 'invalid_request_error', message, code);
}

/** The fields of a form or a query: `metadata[guard_reference]` is a name. */
export function readFields(fields: URLSearchParams, known: RegExp): ReadonlyMap<string, string> {
  for (const name of fields.keys()) {
    if (!known.test(name)) throw invalid(`Unknown parameter: ${name}`, 'parameter_unknown');
  }
  return new Map(fields);
}

/** The header of an event: its time, and a signature over time and body. */
export function signatureHeader(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
