// A hold as hold_json() writes it.
import type { HoldRecord } from '../../core/hold.js';

/**
 * `[reference, wallet, state, amount, captured, currency, exponent, created, expires, sent, sends until, ended,
 * visible, turn, failed, awaits outcome, attempt, sender, fingerprint, metadata, day, payee]`
 */
export type HoldRow = readonly [
  string,
  string,
  HoldRecord['state'],
  string,
  string | null,
  string,
  number,
  number,
  number | null,
  number | null,
  number | null,
  number | null,
  number | null,
  number,
  boolean,
  boolean,
  string,
  string | null,
  string | null,
  Readonly<Record<string, string>>,
  number | null,
  string | null,
];

export function readHold(row: HoldRow): HoldRecord {
  const [reference, wallet, state, amount, captured, code, exponent, createdAtMs, expiresAtMs, sentAtMs, ...more] = row;
  const [sendsUntilMs, endedAtMs, visibleAtMs, turn, failed, awaitsOutcome, attempt, sender, ...last] = more;
  const [fingerprint, metadata, day, payee] = last;
  return {
    reference,
    wallet,
    state,
    attempt,
    amountMinor: BigInt(amount),
    currency: { code, exponent },
    capturedMinor: captured === null ? undefined : BigInt(captured),
    createdAtMs,
    expiresAtMs: expiresAtMs ?? undefined,
    sentAtMs: sentAtMs ?? undefined,
    sender: sender ?? undefined,
    sendsUntilMs: sendsUntilMs ?? undefined,
    endedAtMs: endedAtMs ?? undefined,
    visibleAtMs: visibleAtMs ?? undefined,
    turn: turn > 1 ? turn : undefined,
    failed: failed || undefined,
    awaitsOutcome: awaitsOutcome || undefined,
    fingerprint: fingerprint ?? undefined,
    day: day ?? undefined,
    payee: payee ?? undefined,
    metadata,
  };
}
