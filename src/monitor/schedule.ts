// The times at which the rounds of a monitor are due.
import type { Cron } from 'croner';
import { ConfigurationError } from '../core/errors.js';
import { loadPackage, undefinedIfMissing } from '../core/optional-package.js';

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
  const croner = loadPackage<{ readonly Cron: typeof Cron }>('croner', () => {
    try {
      return require('croner');
    } catch (error) {
      return undefinedIfMissing(error);
    }
  });
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
