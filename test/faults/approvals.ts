// The moments in which a process may approve a payout.
import type { Permission } from './messages.js';
import type { EngineProxy } from './proxy.js';

/** A moment in which the engine forgot. */
export interface Loss {
  /** It had everything before. */
  readonly fromMs: number;
  /** It has everything after. */
  readonly toMs: number;
}

/** The circumstances in which a process was permitted to send. */
export interface Circumstances {
  /** The name of the process. */
  readonly name: string;
  /** The network to the engine; undefined when the engine is a file. */
  readonly proxy: EngineProxy | undefined;
  readonly losses: readonly Loss[];
  readonly recoveryMs: number;
}

/** Returns what is wrong with an approval: it came without an answer of the engine, or too soon after a loss. */
export function problemsOfApproval(permission: Permission, circumstances: Circumstances): string[] {
  const { reference, heldFrom, heldAt, askedAt, answeredAt } = permission;
  const { name, proxy, losses, recoveryMs } = circumstances;
  const problems: string[] = [];
  if (proxy && !(proxy.hasAnswered(heldFrom, heldAt) && proxy.hasAnswered(askedAt, answeredAt))) {
    problems.push(`${reference} was approved in ${name} without an answer of the engine`);
  }
  for (const { fromMs, toMs } of losses) {
    // Answers are late by some milliseconds at most where they were not held up on purpose.
    if (heldFrom > toMs && heldAt < fromMs + recoveryMs - 5) {
      problems.push(`${reference} was approved ${Math.round(heldAt - fromMs)} ms after the engine lost data`);
    }
  }
  return problems;
}
