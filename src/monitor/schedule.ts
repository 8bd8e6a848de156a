// The times at which the rounds of a monitor are due.
import { createRequire } from 'node:module';
import type { Cron } from 'croner';
import { ConfigurationError } from '../core/errors.js';

/**
 * An interval in milliseconds (100 to 604,800,000), or a cron expression of five or six fields (the first of six is
 * seconds) in a time zone such as `Africa/Nairobi`. Cron needs the package `croner`.
 */
export type ScheduleInput = { readonly everyMs: number } | { readonly cron: string; readonly timeZone: string };

export interface Schedule {
  /** The time of the first round of a monitor that starts then, in epoch milliseconds. */
  firstMs(startMs: number): number | undefined;
  /** The time of the next round after that time, in epoch milliseconds. */
  nextMs(afterMs: number): number | undefined;
}

export function intervalSchedule(everyMs: number): Schedule {
  return { firstMs: (startMs) => startMs, nextMs: (afterMs) => afterMs + everyMs };
}

/** @throws `ConfigurationError` naming every problem. */
export function cronSchedule(expression: string, timeZone: string): Schedule {
  const problems = isTimeZone(timeZone)
    ? []
    : ['schedule.timeZone: must be an IANA name such as "Africa/Nairobi" that this Node.js has'];
  const next = readCron(expression, problems.length === 0 ? timeZone : 'UTC', problems);
  if (!next || problems.length > 0) throw new ConfigurationError(problems);
  return { firstMs: next, nextMs: next };
}

type Next = Schedule['nextMs'];

function readCron(expression: string, timezone: string, problems: string[]): Next | undefined {
  const croner = loadCroner();
  if (!croner) {
    problems.push('schedule.cron: needs the package croner; run npm install croner');
    return undefined;
  }
  try {
    const job = new croner.Cron(expression, { timezone, paused: true, mode: '5-or-6-parts' });
    if (job.nextRun() !== null) return (afterMs) => job.nextRun(new Date(afterMs))?.getTime();
    problems.push('schedule.cron: no such time is left');
  } catch {
    problems.push('schedule.cron: must be a cron expression of five or six fields');
  }
  return undefined;
}

function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * Loads croner if it is installed. Only cron schedules need it, and a wrong expression is reported at creation: so it
 * is imported neither statically nor by a promise. CommonJS has a `require`; an ES module makes one that resolves from
 * this file. Bundlers include croner because of the literal call, and only warn if it is missing, because of the `try`.
 */
function loadCroner(): { readonly Cron: typeof Cron } | undefined {
  try {
    return typeof require === 'function' ? require('croner') : createRequire(thisFile())('croner');
  } catch (error) {
    if (!/^(ERR_)?MODULE_NOT_FOUND$/.test(String((error as NodeJS.ErrnoException).code))) throw error;
    return undefined;
  }
}

/**
 * The path of this file, from the call site: the compiler accepts no `import.meta` in code that is also built as
 * CommonJS.
 */
function thisFile(): string {
  const before = Error.prepareStackTrace;
  try {
    Error.prepareStackTrace = (_, sites) => sites[0]?.getFileName();
    return (new Error().stack as string | undefined) ?? `${process.cwd()}/`;
  } finally {
    Error.prepareStackTrace = before;
  }
}
