// Test and live mode: an answer of the other mode is about other money.
import { HttpFailure } from '../../http/failure.js';

export type Mode = 'test' | 'live';

/** @throws `HttpFailure` when an answer names the other mode. One that names none is not refused. */
export function assertMode(answered: Mode | null | undefined, expected: Mode): void {
  if (answered == null || answered === expected) return;
  const detail = `the answer is of ${answered} mode and the credentials are of ${expected} mode`;
  throw new HttpFailure({ kind: 'answer', reason: 'forbidden', detail, retryable: false });
}
