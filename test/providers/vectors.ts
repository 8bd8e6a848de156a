// The files of vectors in the folder of that name, and a server that gives one answer after the other.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect } from '@jest/globals';
import type { ProviderBalance } from 'payout-guard';
import { closeAll, failureOf, type RawServer, send, startServer } from './support.js';

export interface SignatureVector {
  readonly id: string;
  readonly header: string;
  readonly body: string;
  readonly value: string;
  readonly valid: boolean;
}

/** An answer with a balance. Without `available` it must be refused. */
export interface BalanceVector<Select> {
  readonly id: string;
  readonly body: string;
  readonly select: Select;
  readonly available?: string;
}

export interface LookupVector {
  readonly id: string;
  readonly status: number;
  readonly body: string;
  readonly reference: string;
  readonly outcome: string;
  readonly debited?: string;
}

export function readVectors<Vectors>(name: string): Vectors {
  return JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8'));
}

export interface AnsweringServer {
  readonly server: () => RawServer;
  /** Sets the answer to the next requests. */
  readonly answer: (body: string, status?: number) => void;
}

/** A server for the tests of one file, which ends with them. */
export function answeringServer(): AnsweringServer {
  let server: RawServer;
  let next: { readonly body: string; readonly status?: number | undefined };
  beforeAll(async () => {
    server = await startServer((response) => send(response, next.body, next.status));
  });
  afterAll(closeAll);
  return {
    server: () => server,
    answer: (body, status) => {
      next = { body, status };
    },
  };
}

/** Expects that a reading has the balance of the vector, or is refused. */
export async function expectBalance(
  reading: Promise<ProviderBalance>,
  { available, select: { currency } }: BalanceVector<{ readonly currency: string }>,
): Promise<void> {
  if (available === undefined) expect(await failureOf(reading)).toMatchObject({ code: 'balance_unavailable' });
  else expect(await reading).toEqual({ available, currency });
}
