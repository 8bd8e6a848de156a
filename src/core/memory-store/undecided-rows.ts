// Rows whose outcome is unknown, in the order in which they were sent, and the leases of those that look them up.
import type { ClaimRequest } from '../store.js';
import type { Row } from './row.js';

const maxUnserved = 100;

export class UndecidedRows {
  readonly #rows = new Map<string, Row>();

  add(row: Row): void {
    this.#rows.set(row.hold.reference, row);
  }

  has(reference: string): boolean {
    return this.#rows.has(reference);
  }

  delete(row: Row): void {
    this.#rows.delete(row.hold.reference);
    row.lease = undefined;
  }

  references(): string[] {
    return [...this.#rows.keys()];
  }

  /** Leases rows, oldest first. `next` is the `after` of the next page. */
  claim(request: ClaimRequest, nowMs: number): { readonly rows: readonly Row[]; readonly next?: string } {
    const { owner, olderThanMs, leaseMs, limit, after = '0' } = request;
    const wallets = new Set(request.wallets);
    const rows: Row[] = [];
    if (limit === 0) return { rows };
    let last = 0;
    for (const row of this.#rows.values()) {
      if (row.sentSequence <= Number(after) || !wallets.has(row.hold.wallet)) continue;
      if (nowMs - sentAtMs(row) < olderThanMs) continue;
      if (row.lease && row.lease.owner !== owner && nowMs < row.lease.untilMs) continue;
      if (rows.length === limit) return { rows, next: String(last) };
      row.lease = { owner, untilMs: nowMs + leaseMs };
      rows.push(row);
      last = row.sentSequence;
    }
    return { rows };
  }

  /** Other wallets with rows that were sent before that time and have not been claimed since. */
  unserved(wallets: readonly string[], sinceMs: number): string[] {
    const served = new Set(wallets);
    const unserved = new Set<string>();
    for (const row of this.#rows.values()) {
      const { hold, lease } = row;
      if (served.has(hold.wallet) || sentAtMs(row) > sinceMs || (lease?.untilMs ?? 0) > sinceMs) continue;
      unserved.add(hold.wallet);
      if (unserved.size === maxUnserved) break;
    }
    return [...unserved];
  }
}

function sentAtMs({ hold }: Row): number {
  return hold.sentAtMs ?? hold.createdAtMs;
}
