// Pages of holds: for operators, and for reconciliation.
import type { HoldState } from '../../core/hold.js';
import type { ClaimPage, ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import { type HoldRow, readHold } from './hold-row.js';
import { arrayText, type Question } from './question.js';
import { msText } from './write-batch.js';

const allStates: readonly HoldState[] = ['reserved', 'sent', 'captured', 'released'];

export function listQuestion(filter: HoldFilter): Question {
  const { wallets, state, olderThanMs, limit, after = '0' } = filter;
  const states = arrayText(state === undefined ? allStates : [state]);
  const ageMs = olderThanMs === undefined ? null : msText(olderThanMs);
  return {
    call: 'list_holds($1::text[], $2::text[], $3::bigint, $4::bigint, $5::integer)',
    values: [wallets ? arrayText(wallets) : null, states, ageMs, after, `${limit}`],
  };
}

export function claimQuestion(request: ClaimRequest): Question {
  const { owner, wallets, olderThanMs, leaseMs, limit, after = '0', unservedForMs } = request;
  const times = [msText(olderThanMs), msText(leaseMs), after, `${limit}`, msText(unservedForMs)];
  return {
    call: 'claim($1, $2::text[], $3::bigint, $4::bigint, $5::bigint, $6::integer, $7::bigint)',
    values: [owner, arrayText(wallets), ...times],
  };
}

/** The smallest ages of references that may be forgotten, in milliseconds. */
export interface Ages {
  readonly olderThanMs: number;
  readonly unsentOlderThanMs: number;
}

/** Deletes finished holds of one state, so many at most, from a wallet and a place in it on. */
export function deleteQuestion(state: HoldState, ages: Ages, limit: number, from: Progress): Question {
  const { olderThanMs, unsentOlderThanMs } = ages;
  return {
    call: 'delete_finished($1, $2::bigint, $3::bigint, $4::integer, $5, $6::bigint)',
    values: [state, `${olderThanMs}`, `${unsentOlderThanMs}`, `${limit}`, from.wallet, from.after],
  };
}

/** Progress of a deletion; without a wallet it is over. */
export interface Progress {
  readonly deleted: number;
  readonly wallet: string | null;
  readonly after: string;
}

export function readProgress(reply: string): Progress {
  const [deleted, wallet, after] = JSON.parse(reply) as [number, string | null, string];
  return { deleted, wallet, after };
}

interface PageText {
  readonly nowMs: number;
  readonly next: string | null;
  readonly holds: readonly HoldRow[];
}

export function readPage(reply: string): HoldPage {
  return pageOf(JSON.parse(reply) as PageText);
}

export function readClaimPage(reply: string): ClaimPage {
  const page = JSON.parse(reply) as PageText & { readonly unserved: readonly string[] };
  return { ...pageOf(page), unserved: page.unserved };
}

function pageOf({ nowMs, next, holds }: PageText): HoldPage {
  const page = { holds: holds.map(readHold), nowMs };
  return next === null ? page : { ...page, next };
}
