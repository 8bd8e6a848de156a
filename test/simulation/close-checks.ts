// What must be true of a guard that closes.
import type { CloseReport } from 'payout-guard';
import type { Process } from './process.js';
import type { World } from './world.js';

/** It ends within `waitMs` and a second, whatever is under way. */
export function assertInTime(world: World, process: Process): void {
  if (!process.isAlive || process.closeReport) return;
  world.report('stuck', `${process.name} was not closed within waitMs and a second`);
}

/**
 * It names every payout whose payment function has not ended, so that an operator knows of it when the process ends
 * right after. What is known and not recorded yet is looked at when the step is over, in the invariants.
 */
export function assertCovered({ truth, report }: World, { name }: Process, { open }: CloseReport): void {
  const left = new Set(open.map(({ attempt }) => attempt));
  for (const { sender, isRunning, isWithinPay, hold, reference } of truth.attempts) {
    if (sender !== name || !isRunning || !isWithinPay || left.has(hold)) continue;
    report('silent', `${name} was closed while ${reference} is being paid, and does not say so`);
  }
}
