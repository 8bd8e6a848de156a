// One of the processes that pay, as the checker uses it.
import { Child } from '../processes/child.js';
import type { FromPayer, Quiet, ToPayer } from './messages.js';

const program = new URL('payer.ts', import.meta.url);

export class PayerProcess extends Child<ToPayer, FromPayer> {
  static async start(): Promise<PayerProcess> {
    const payer = new PayerProcess(program);
    await payer.next('ready');
    return payer;
  }

  pause(): Promise<Quiet> {
    return this.ask({ kind: 'pause' }, 'quiet');
  }

  /** The requests to its store about a reference, and the answers. */
  async logOf(reference: string): Promise<readonly string[]> {
    return (await this.ask({ kind: 'show log', reference }, 'log')).lines;
  }

  async finish(): Promise<void> {
    await this.ask({ kind: 'end' }, 'over');
  }
}

/** Processes that outlive a run and are used again in the next one: starting one takes longer than a run should. */
export class ProcessPool {
  readonly #idle: PayerProcess[] = [];

  async take(): Promise<PayerProcess> {
    return this.#idle.pop() ?? PayerProcess.start();
  }

  giveBack(payer: PayerProcess): void {
    this.#idle.push(payer);
  }

  /** Ends all of them. Returns what was wrong with their ends. */
  async close(): Promise<string[]> {
    const problems = await Promise.all(this.#idle.splice(0).map((payer) => payer.release()));
    return problems.filter((problem) => problem !== undefined);
  }
}
