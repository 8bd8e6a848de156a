// A model of the memory store, with nothing but the rules.
import { randomUUID } from 'node:crypto';
import type { HoldState, HoldStore, SettleRequest } from 'payout-guard';

export const request = {
  get attempt(): string {
    return randomUUID();
  },
  currency: { code: 'KES', exponent: 2 },
  state: 'sent' as const,
  expiresInMs: 1_000,
  sendsForMs: 1_000,
  limitMinor: 1_000_000n,
  metadata: {},
};

export async function hold(store: HoldStore, reference: string, amountMinor = 5n): Promise<string> {
  const { epoch } = await store.totals('w');
  return (await store.hold({ ...request, wallet: 'w', reference, amountMinor, epoch })).outcome;
}

export interface HoldStep {
  readonly op: 'hold';
  readonly reference: string;
  readonly wallet: string;
  readonly amountMinor: bigint;
  readonly state: 'reserved' | 'sent';
  readonly expiresInMs: number;
}

export type SettleStep = { readonly reference: string } & (
  | { readonly op: 'sent' | 'failed' }
  | { readonly op: 'released'; readonly notSent: boolean }
  | {
      readonly op: 'captured';
      readonly namesAttempt: boolean;
      readonly actualMinor: bigint | undefined;
      readonly visibleInMs: number;
    }
);

export function settleRequest(step: SettleStep, attempts: ReadonlyMap<string, string>): SettleRequest {
  const { reference } = step;
  switch (step.op) {
    case 'sent':
      return { to: 'sent', reference, sendsForMs: 10 };
    case 'failed':
      return { to: 'failed', reference };
    case 'released':
      return { to: 'released', reference, notSent: step.notSent };
    case 'captured': {
      const { namesAttempt, actualMinor, visibleInMs } = step;
      const attempt = namesAttempt ? (attempts.get(reference) ?? 'none') : undefined;
      return { to: 'captured', reference, actualMinor, visibleInMs, attempt };
    }
  }
}

export interface ModelRow {
  readonly wallet: string;
  readonly amountMinor: bigint;
  readonly expiresAtMs: number;
  countedMinor: bigint;
  state: HoldState;
  isFailed: boolean;
  visibleAtMs: number;
}

/** The contract in its slowest and plainest form: totals are summed up from all rows ever, each time. */
export class Model {
  nowMs = 0;
  readonly #rows = new Map<string, ModelRow>();
  /** Rows whose reference was held again. */
  readonly #past: ModelRow[] = [];

  hold({ reference, wallet, amountMinor, state, expiresInMs }: HoldStep, limitMinor: bigint): string {
    this.#expire();
    const known = this.#rows.get(reference);
    const mayBeHeldAgain = known?.state === 'released' && !known.isFailed;
    if (known && !(mayBeHeldAgain && known.wallet === wallet && known.amountMinor === amountMinor)) return 'exists';
    const { active, captured } = this.totals(wallet);
    if (active + captured + amountMinor > limitMinor) return 'insufficient';
    if (known) this.#past.push(known);
    this.#rows.set(reference, {
      wallet,
      amountMinor,
      countedMinor: amountMinor,
      state,
      isFailed: false,
      expiresAtMs: this.nowMs + expiresInMs,
      visibleAtMs: 0,
    });
    return 'held';
  }

  settle(step: SettleStep): string {
    this.#expire();
    const row = this.#rows.get(step.reference);
    if (!row) return 'unknown';
    const isOpen = row.state === 'reserved' || row.state === 'sent';
    switch (step.op) {
      case 'sent':
        if (row.state !== 'reserved') return 'illegal';
        row.state = 'sent';
        return 'done';
      case 'released':
        if (!isOpen) return row.state === 'released' ? 'already' : 'illegal';
        row.isFailed = row.state === 'sent' && !step.notSent;
        row.state = 'released';
        return 'done';
      case 'failed':
        if (row.state === 'captured') return 'illegal';
        row.isFailed = true;
        row.state = 'released';
        return isOpen ? 'done' : 'already';
      case 'captured':
        if (row.state === 'captured') return 'already';
        if (!isOpen && !step.namesAttempt) return 'illegal';
        row.state = 'captured';
        row.isFailed = false;
        row.countedMinor = step.actualMinor ?? row.amountMinor;
        row.visibleAtMs = this.nowMs + step.visibleInMs;
        return isOpen ? 'done' : 'late';
    }
  }

  totals(wallet: string): { active: bigint; captured: bigint } {
    this.#expire();
    const rows = [...this.#rows.values(), ...this.#past].filter((row) => row.wallet === wallet);
    const sum = (counts: (row: ModelRow) => boolean) =>
      rows.filter(counts).reduce((total, row) => total + row.countedMinor, 0n);
    const isVisible = (row: ModelRow) => row.state === 'captured' && row.visibleAtMs <= this.nowMs;
    return { active: sum((row) => row.state !== 'released' && !isVisible(row)), captured: sum(isVisible) };
  }

  #expire(): void {
    for (const row of this.#rows.values()) {
      if (row.state === 'reserved' && row.expiresAtMs <= this.nowMs) row.state = 'released';
    }
  }
}
