// Test and live mode: an answer of the other mode is about other money.
import { ConfigurationError } from '../../core/errors.js';
import { HttpFailure } from '../../http/failure.js';

export type Mode = 'test' | 'live';

/** @throws `HttpFailure` when an answer names the other mode. One that names none is not refused. */
export function assertMode(answered: Mode | null | undefined, expected: Mode): void {
  if (answered == null || answered === expected) return;
  const detail = `the answer is of ${answered} mode and the credentials are of ${expected} mode`;
  throw new HttpFailure({ kind: 'answer', reason: 'forbidden', detail, retryable: false });
}

/**
 * Refuses a key at the host of the other mode. Other hosts, such as a proxy, may be of either.
 *
 * @throws `ConfigurationError`
 */
export function assertHostOfMode(
  mode: Mode,
  baseUrl: string,
  hosts: Readonly<Record<Mode, string>>,
  key: string,
): void {
  const other = mode === 'test' ? 'live' : 'test';
  if (new URL(baseUrl).host !== new URL(hosts[other]).host) return;
  throw new ConfigurationError([`${key}: a ${mode} key works at ${hosts[mode]}; pass that as baseUrl`]);
}
