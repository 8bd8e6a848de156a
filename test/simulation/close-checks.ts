// Rules for a guard that closes.
import type { CloseReport } from 'payout-guard';
import type { Process } from './process.js';
import type { World } from './world.js';

/** It closes within `waitMs` plus a second, with any work under way. */
export function assertInTime(world: World, process: Process): void {
  if (!process.isAlive || process.closeReport) return;
  world.report('stuck', `${process.name} was not closed within waitMs and a second`);
}

/**
 * The report names every payout whose payment function has not ended, so that an operator knows of it even if the
 * process ends right away. The invariants check, after the step, the known verdicts that are not recorded yet.
 */
export function assertCovered({ truth, report }: World, { name }: Process, { open }: CloseReport): void {
  const left = new Set(open.map(({ attempt }) => attempt));
  for (const { sender, isRunning, isWithinPay, hold, reference } of truth.attempts) {
    if (sender !== name || !isRunning || !isWithinPay || left.has(hold)) continue;
    report('silent', `${name} was closed while ${reference} is being paid, and does not say so`);
  }
}
