import { redactedCause } from './redact.js';

/**
 * Tells the operator of something that nobody listens to, on the standard channel for warnings. Text only: Node.js refuses
 * errors of another realm, such as those of code under jest.
 */
export function warn(code: string, message: string, error?: unknown): void {
  const detail = error === undefined ? undefined : redactedCause(error).stack;
  process.emitWarning(message, { code, ...(detail === undefined ? {} : { detail }) });
}
