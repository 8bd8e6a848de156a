import { isPayoutGuardError } from './errors.js';
import { redactedCause } from './redact.js';

/**
 * Warns the operator on the standard channel of the process when no listener handles an event. Text only: Node.js
 * refuses errors of another realm, such as those of code under jest.
 */
export function warn(code: string, message: string, error?: unknown): void {
  // The messages of this library hold no secrets.
  const detail = isPayoutGuardError(error) ? `${error.name}: ${error.message}` : redactedCause(error).stack;
  process.emitWarning(message, { code, ...(error === undefined || detail === undefined ? {} : { detail }) });
}

const said = new Set<string>();

/** Warns once in the life of the process: about the setup, which does not change. */
export function warnOnce(code: string, message: string): void {
  if (said.has(message) || said.size >= 1_000) return;
  said.add(message);
  warn(code, message);
}
