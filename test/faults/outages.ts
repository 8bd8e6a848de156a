// The pause of approvals that a fault causes, as the processes that pay see it.
import { monotonicMs } from '../processes/child.js';

/** Pause of approvals, in milliseconds from the fault. */
export interface Outage {
  /** Until the first process was permitted something again. */
  readonly firstMs: number;
  /** Until every process was that lived through it. */
  readonly allMs: number;
}

export class OutageMeter {
  readonly #approvals: { readonly name: string; readonly atMs: number }[] = [];
  #fault: { readonly atMs: number; readonly names: readonly string[] } | undefined;

  /** The fault begins now, while processes of these names pay. Later faults of a run are not measured. */
  begin(names: readonly string[]): void {
    this.#fault ??= { atMs: monotonicMs(), names };
  }

  approved(name: string, atMs: number): void {
    this.#approvals.push({ name, atMs });
  }

  /** The longest pause between approvals that ended after the fault; undefined without a fault. */
  outage(killed: ReadonlyMap<string, number>): Outage | undefined {
    const fault = this.#fault;
    if (!fault) return undefined;
    const until = (approvals: readonly { readonly atMs: number }[]) => {
      const times = approvals.map(({ atMs }) => atMs).sort((a, b) => a - b);
      return Math.round(endOfLongestPause(times, fault.atMs) - fault.atMs);
    };
    const survivors = fault.names.filter((name) => !killed.has(name));
    const each = survivors.map((name) => until(this.#approvals.filter((approval) => approval.name === name)));
    return { firstMs: until(this.#approvals), allMs: Math.max(...each) };
  }
}

/** @param times - In order. */
function endOfLongestPause(times: readonly number[], afterMs: number): number {
  let [longest, end] = [0, Number.POSITIVE_INFINITY];
  for (const [index, time] of times.entries()) {
    const pause = time - (times[index - 1] ?? time);
    if (time > afterMs && pause > longest) [longest, end] = [pause, time];
  }
  return end;
}
