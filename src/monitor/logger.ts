// The log of the monitor: structured lines, without balances and secrets.
import * as z from 'zod';
import { functionSchema } from '../core/schemas.js';
import { warn } from '../core/warn.js';

/** A logger that takes `(object, message)`, as pino does. */
export interface Logger {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

const aMethod = functionSchema<() => void>();
export const loggerSchema: z.ZodType<Logger> = z.custom<Logger>(
  (value) =>
    ['info', 'warn', 'error'].every((level) => aMethod.safeParse((value as Logger | null)?.[level as 'info']).success),
  'must have info(), warn() and error()',
);

/**
 * Calls a logger or another function of the application. Its errors become process warnings: they must not stop the
 * monitor.
 */
export function safely(what: string, call: () => unknown): void {
  try {
    call();
  } catch (error) {
    warn('PAYOUT_GUARD_MONITOR', `${what} threw.`, error);
  }
}

/** Writes one line to the logger of the application. Its errors don't reach the caller. */
export type Log = (level: keyof Logger, fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Returns the log of a logger; without one, it writes nothing. */
export function logTo(logger: Logger | undefined): Log {
  return (level, fields, message) => {
    if (logger) safely('The logger of the monitor', () => logger[level](fields, message));
  };
}
