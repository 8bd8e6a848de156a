// Pages of holds: for operators, and for reconciliation.
import type { HoldState } from '../../core/hold.js';
import type { ClaimPage, ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import { type HoldRow, readHold } from './hold-row.js';
import { wholeMs } from './write-batch.js';

export interface Query {
  readonly text: string;
  readonly values: unknown[];
}

const allStates: readonly HoldState[] = ['reserved', 'sent', 'captured', 'released'];

export function listQuery(schema: string, filter: HoldFilter): Query {
  const { wallets, state, olderThanMs, limit, after = '0' } = filter;
  const states = state === undefined ? allStates : [state];
  const ageMs = olderThanMs === undefined ? null : wholeMs(olderThanMs);
  const text = `SELECT ${schema}.list_holds($1, $2, $3, $4, $5) AS page`;
  return { text, values: [wallets ?? null, states, ageMs, after, limit] };
}

export function claimQuery(schema: string, request: ClaimRequest): Query {
  const { owner, wallets, olderThanMs, leaseMs, limit, after = '0', unservedForMs } = request;
  const text = `SELECT ${schema}.claim($1, $2, $3, $4, $5, $6, $7) AS page`;
  return {
    text,
    values: [owner, wallets, wholeMs(olderThanMs), wholeMs(leaseMs), after, limit, wholeMs(unservedForMs)],
  };
}

/** The smallest ages of references that may be forgotten, in milliseconds. */
export interface Ages {
  readonly olderThanMs: number;
  readonly unsentOlderThanMs: number;
}

/** Deletes finished holds of one state, so many at most, from a wallet and a place in it on. */
export function deleteQuery(
  schema: string,
  state: HoldState,
  { olderThanMs, unsentOlderThanMs }: Ages,
  limit: number,
  from: Progress,
): Query {
  const text = `SELECT deleted, at_wallet AS wallet, after::text FROM ${schema}.delete_finished($1, $2, $3, $4, $5, $6)`;
  return { text, values: [state, olderThanMs, unsentOlderThanMs, limit, from.wallet, from.after] };
}

/** How far a deletion came; without a wallet it is over. */
export interface Progress {
  readonly wallet: string | null;
  readonly after: string;
}

interface PageText {
  readonly nowMs: number;
  readonly next: string | null;
  readonly holds: readonly HoldRow[];
}

export function readPage(row: unknown): HoldPage {
  return pageOf(JSON.parse((row as { page: string }).page) as PageText);
}

export function readClaimPage(row: unknown): ClaimPage {
  const page = JSON.parse((row as { page: string }).page) as PageText & { readonly unserved: readonly string[] };
  return { ...pageOf(page), unserved: page.unserved };
}

function pageOf({ nowMs, next, holds }: PageText): HoldPage {
  const page = { holds: holds.map(readHold), nowMs };
  return next === null ? page : { ...page, next };
}
