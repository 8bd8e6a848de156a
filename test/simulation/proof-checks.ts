// A known verdict is not lost: it is in the store, or an operator received a report.
import type { HoldRecord } from 'payout-guard';
import { isOpen, type Rows } from './memory.js';
import type { Process } from './process.js';
import type { Attempt } from './truth.js';
import type { World } from './world.js';

/**
 * After a guard has closed, every verdict known to its process is recorded or named in the report of `close`. Verdicts
 * of the same step may be later than the report.
 */
export function assertRecorded(world: World, process: Process, rows: Rows, learnedBefore: ReadonlySet<Attempt>): void {
  process.isChecked = true;
  const reported = new Set(process.closeReport?.open.map(({ attempt }) => attempt));
  for (const attempt of attemptsOf(world, process)) {
    if (!learnedBefore.has(attempt)) continue;
    if (isRecorded(attempt, rows.get(attempt.reference)) || reported.has(attempt.hold)) continue;
    if (world.reported.get(attempt.reference)?.has('unsettled for good')) continue;
    world.report(
      'silent',
      `${process.name} was closed, knows that ${attempt.reference} is ${attempt.proof}, and does not say so`,
    );
  }
}

/**
 * At the end, every verdict known to a process that did not crash is recorded. Verdicts that arrived after it closed
 * are at least reported.
 */
export function assertNothingIsForgotten(world: World, rows: Rows): void {
  for (const process of world.processes) {
    if (process.hasCrashed) continue;
    for (const attempt of attemptsOf(world, process)) {
      if (isRecorded(attempt, rows.get(attempt.reference))) continue;
      const reports = world.reported.get(attempt.reference);
      if (!process.isOpen && (reports?.has('left open') || reports?.has('unsettled for good'))) continue;
      world.report(
        'silent',
        `${process.name} learned that ${attempt.reference} is ${attempt.proof}, and it was forgotten`,
      );
    }
  }
}

function attemptsOf({ truth }: World, { name }: Process): readonly Attempt[] {
  return truth.remembered.filter(({ sender, proof }) => sender === name && proof !== undefined);
}

function isRecorded({ proof, hold }: Attempt, row: HoldRecord | undefined): boolean {
  // Its hold was released before, and a later attempt has the reference. An event reports it where it matters.
  if (row && row.attempt !== hold) return true;
  switch (proof) {
    case 'completed':
      return row?.state === 'captured';
    case 'accepted':
      return row?.state === 'captured' || row?.failed === true;
    default:
      return row === undefined || !isOpen(row.state);
  }
}
