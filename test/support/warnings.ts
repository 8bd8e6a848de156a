// Captures the process warnings of a test, so that they do not appear on the console.
import { afterEach, beforeEach } from '@jest/globals';

/** Collects the process warnings of each test of this file, as `CODE: message`. */
export function collectWarnings(): string[] {
  const warnings: string[] = [];
  const { emitWarning } = process;
  beforeEach(() => {
    warnings.length = 0;
    process.emitWarning = ((message: string, { code, detail }: { code: string; detail?: string }) => {
      warnings.push(`${code}: ${message}${detail ? ` (${detail.split('\n')[0]})` : ''}`);
    }) as typeof process.emitWarning;
  });
  afterEach(() => {
    process.emitWarning = emitWarning;
  });
  return warnings;
}

/** The codes of the warnings. */
export function codesOf(warnings: readonly string[]): string[] {
  return warnings.map((warning) => warning.slice(0, warning.indexOf(':')));
}

/** The same for guards that simulate processes: each reaches the store through its own object. */
export function codesOfProcesses(warnings: readonly string[]): string[] {
  return codesOf(warnings).filter((code) => code !== 'PAYOUT_GUARD_TWO_STORES');
}
