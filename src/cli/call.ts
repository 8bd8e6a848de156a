// A call of a command.
import type { CliContext } from './usage.js';

/** A command as it was called. Options have the names of their flags in camel case. */
export interface Call {
  readonly args: readonly (string | undefined)[];
  readonly options: Readonly<Record<string, string | true | undefined>>;
  readonly context: CliContext;
}

/** Runs a command and returns its exit code. */
export type Run = (call: Call) => Promise<number>;
