// When the rounds of a monitor are due.
import { createRequire } from 'node:module';
import type { Cron } from 'croner';
import { ConfigurationError } from '../core/errors.js';

/**
 * Every so many milliseconds (100 to 604,800,000), or by a cron expression of five or six fields (the first is seconds then) in a
 * time zone such as `Africa/Nairobi`. Cron needs the package `croner`.
 */
export type ScheduleInput = { readonly everyMs: number } | { readonly cron: string; readonly timeZone: string };

export interface Schedule {
  /** When the first round is due after the monitor has started, and when the next one is due after that time. Epoch milliseconds. */
  firstMs(startMs: number): number | undefined;
  nextMs(afterMs: number): number | undefined;
}

export function intervalSchedule(everyMs: number): Schedule {
  return { firstMs: (startMs) => startMs, nextMs: (afterMs) => afterMs + everyMs };
}

/** @throws `ConfigurationError` naming every problem. */
export function cronSchedule(expression: string, timeZone: string): Schedule {
  const problems = isTimeZone(timeZone) ? [] : ['schedule.timeZone: not a time zone that is known here'];
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
    problems.push('schedule.cron: there is no such time to come');
  } catch {
    problems.push('schedule.cron: not a cron expression of five or six fields');
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
 * croner, if it is installed. Only who uses cron needs it, and what is wrong with an expression is said at creation: so it is neither
 * imported above nor by a promise. CommonJS has a `require`; an ES module makes one that looks where this file is.
 */
function loadCroner(): { readonly Cron: typeof Cron } | undefined {
  try {
    return (typeof require === 'function' ? require : createRequire(thisFile()))('croner');
  } catch (error) {
    if (!/^(ERR_)?MODULE_NOT_FOUND$/.test(String((error as NodeJS.ErrnoException).code))) throw error;
    return undefined;
  }
}

/** Where this code is. The compiler takes no `import.meta` in what is also built as CommonJS; the call site knows as well. */
function thisFile(): string {
  const before = Error.prepareStackTrace;
  try {
    Error.prepareStackTrace = (_, sites) => sites[0]?.getFileName();
    return (new Error().stack as string | undefined) ?? `${process.cwd()}/`;
  } finally {
    Error.prepareStackTrace = before;
  }
}
