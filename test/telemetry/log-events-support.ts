// A guard whose events are written by pino.
import { Writable } from 'node:stream';
import { afterEach } from '@jest/globals';
import type { GuardOptions, PayoutGuard, WalletSettings } from 'payout-guard';
import { type LogEventsOptions, logEvents } from 'payout-guard/telemetry';
import { pino } from 'pino';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';

const open: PayoutGuard[] = [];

afterEach(async () => {
  for (const guard of open.splice(0)) await guard.close();
});

/** Closes a guard after the test. */
export function closedAfterwards(guard: PayoutGuard): PayoutGuard {
  open.push(guard);
  return guard;
}

export interface Logged {
  readonly guard: PayoutGuard;
  readonly wallet: ScriptedWallet;
  readonly lines: Record<string, unknown>[];
  /** Level and name of each line. */
  names(): string[];
  stop(): void;
}

/** A guard whose events are written by a real pino. */
export function logged(
  options: Partial<GuardOptions & WalletSettings> = {},
  logOptions?: LogEventsOptions,
  wrap: (guard: PayoutGuard) => PayoutGuard = (made) => made,
): Logged {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const wallet = scriptedWallet('1000.00');
  const made = closedAfterwards(wrap(wallet.guard({ reconcileEveryMs: 0, ...options })));
  const logger = pino({ level: 'debug', base: null, timestamp: false }, stream);
  const stop = logEvents(made, logger, logOptions);
  const names = () => lines.map(({ level, event }) => `${pino.levels.labels[Number(level)]} ${event}`);
  return { guard: made, wallet, lines, names, stop };
}
