// Pages of holds, from the oldest on: each question walks along an index, wallet by wallet.
import type { HoldState } from '../../core/hold.js';
import type { ClaimPage, ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import type { Transaction } from './file.js';
import { type HoldRow, readHold } from './hold-row.js';

const states: readonly HoldState[] = ['reserved', 'sent', 'captured', 'released'];
const maxUnserved = 100;

const listQuery =
  'SELECT * FROM holds WHERE wallet = ? AND state = ? AND seq > ? AND created_at_ms <= ? ORDER BY seq LIMIT ?';
const listAllQuery = 'SELECT * FROM holds WHERE seq > ? AND created_at_ms <= ? ORDER BY seq LIMIT ?';
/** The outcome is not known. Of the two indexes each has its part. */
const undecided = ["state = 'sent'", 'awaits_outcome = 1'] as const;
const sinceSent = 'coalesce(sent_at_ms, created_at_ms) <= ?';
const claimQueries = undecided.map(
  (isOne) =>
    `SELECT * FROM holds WHERE wallet = ? AND ${isOne} AND seq > ? AND seq <= ? AND ${sinceSent}
     AND (lease_owner = ? OR coalesce(lease_until_ms, 0) <= ?) ORDER BY seq LIMIT ?`,
);
const lease = 'UPDATE holds SET lease_owner = ?, lease_until_ms = ? WHERE seq = ?';
const isUnserved = undecided.map(
  (isOne) =>
    `EXISTS (SELECT 1 FROM holds h
      WHERE h.wallet = w.wallet AND h.${isOne} AND ${sinceSent} AND coalesce(lease_until_ms, 0) <= ?)`,
);
const unservedQuery = `SELECT wallet FROM wallets w WHERE wallet NOT IN (SELECT value FROM json_each(?))
  AND (${isUnserved.join(' OR ')}) LIMIT ${maxUnserved}`;

export function listPage({ connection, nowMs }: Transaction, filter: HoldFilter): HoldPage {
  const { wallets, state, olderThanMs, limit, after = '0' } = filter;
  const until = olderThanMs === undefined ? Number.MAX_SAFE_INTEGER : nowMs - olderThanMs;
  const rows: HoldRow[] = [];
  if (wallets === undefined && state === undefined) {
    rows.push(...(connection.all(listAllQuery, Number(after), until, limit + 1) as HoldRow[]));
  } else {
    for (const wallet of new Set(wallets ?? allWallets(connection))) {
      for (const one of state ? [state] : states) {
        rows.push(...(connection.all(listQuery, wallet, one, Number(after), until, limit + 1) as HoldRow[]));
      }
    }
  }
  const { holds, next } = page(rows, limit);
  return { holds, next, nowMs };
}

export function claimPage({ connection, nowMs }: Transaction, request: ClaimRequest): ClaimPage {
  const { wallets, owner, olderThanMs, leaseMs, limit, after = '0', unservedForMs } = request;
  const sinceMs = nowMs - olderThanMs;
  const rows: HoldRow[] = [];
  for (const wallet of limit > 0 ? new Set(wallets) : []) {
    for (const query of claimQueries) {
      // No hold has a number before it was created, and none that was sent by then was created later.
      const values = [wallet, Number(after), (sinceMs + 1_000) * 1_024, sinceMs, owner, nowMs, limit + 1];
      rows.push(...(connection.all(query, ...values) as HoldRow[]));
    }
  }
  const { holds, next, taken } = page(rows, limit);
  for (const { seq } of taken) connection.run(lease, owner, nowMs + leaseMs, seq);
  const unservedSinceMs = nowMs - unservedForMs;
  const times = [unservedSinceMs, unservedSinceMs];
  const unserved = after === '0' ? connection.all(unservedQuery, JSON.stringify(wallets), ...times, ...times) : [];
  return { holds, next, nowMs, unserved: unserved.map((row) => (row as { wallet: string }).wallet) };
}

/** The first of these. The number of a hold is where the next page begins. */
function page(found: HoldRow[], limit: number): HoldPageOf {
  const rows = found.sort((one, other) => one.seq - other.seq);
  const taken = rows.slice(0, limit);
  const next = rows.length > limit ? `${taken.at(-1)?.seq}` : undefined;
  return { holds: taken.map(readHold), next, taken };
}

type HoldPageOf = Pick<HoldPage, 'holds' | 'next'> & { readonly taken: readonly HoldRow[] };

function allWallets(connection: Transaction['connection']): string[] {
  return connection.all('SELECT wallet FROM wallets').map((row) => (row as { wallet: string }).wallet);
}
