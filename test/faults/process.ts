// One of the processes that pay, as the judge sees it.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FromPayer, Quiet, ToPayer } from './messages.js';

const program = fileURLToPath(new URL('payer.ts', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
/** Longest time for anything that a process is waited for, in milliseconds. */
const patienceMs = 40_000;

export class PayerProcess {
  /** What it says is heard here. */
  onMessage: (message: FromPayer) => void = () => {};
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = '';

  static async start(): Promise<PayerProcess> {
    const payer = new PayerProcess();
    await payer.hear('ready');
    return payer;
  }

  private constructor() {
    this.#child = fork(program, [], {
      cwd: root,
      execArgv: ['--no-warnings', '--import', 'tsx'],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk;
      });
    }
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (message) => this.onMessage(message as FromPayer));
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  tell(message: ToPayer): void {
    // It may have been killed; whoever waits for an answer has a limit.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** The next message of a kind. @throws when it does not come. */
  async hear<Kind extends FromPayer['kind']>(kind: Kind): Promise<FromPayer & { kind: Kind }> {
    const over = new AbortController();
    let listener: (message: unknown) => void = () => {};
    const heard = new Promise<FromPayer>((resolve) => {
      listener = (message) => (message as FromPayer).kind === kind && resolve(message as FromPayer);
      this.#child.on('message', listener);
    });
    const late = sleep(patienceMs, undefined, { signal: over.signal }).catch(() => undefined);
    const message = await Promise.race([heard, late, this.#exited.then(() => undefined)]);
    over.abort();
    this.#child.off('message', listener);
    if (message === undefined) throw new Error(`a process did not say "${kind}"; it said: ${this.#output}`);
    return message as FromPayer & { kind: Kind };
  }

  async pause(): Promise<Quiet> {
    this.tell({ kind: 'pause' });
    return this.hear('quiet');
  }

  /** What it asked of its store about a reference, and what it was told. */
  async trailOf(reference: string): Promise<readonly string[]> {
    this.tell({ kind: 'tell trail', reference });
    return (await this.hear('trail')).lines;
  }

  async end(): Promise<void> {
    this.tell({ kind: 'end' });
    await this.hear('over');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** Lets go of it: with nothing left to do it must end by itself. Returns what was wrong with that. */
  async leave(): Promise<string | undefined> {
    if (!this.isAlive) return undefined;
    this.#child.disconnect();
    const isOver = await Promise.race([this.#exited.then(() => true), sleep(5_000, false, { ref: false })]);
    if (!isOver) {
      await this.kill();
      return 'a process did not end by itself: something is left open in it';
    }
    if (this.#child.exitCode === 0 && this.#output === '') return undefined;
    return `a process ended with ${this.#child.exitCode} and said: ${this.#output}`;
  }
}

/** Processes that outlive a run, and may be given work in the next one: starting one takes longer than a run should. */
export class Crew {
  readonly #idle: PayerProcess[] = [];

  async hire(): Promise<PayerProcess> {
    return this.#idle.pop() ?? PayerProcess.start();
  }

  giveBack(payer: PayerProcess): void {
    this.#idle.push(payer);
  }

  /** Lets go of all of them. Returns what was wrong with how they ended. */
  async leave(): Promise<string[]> {
    const problems = await Promise.all(this.#idle.splice(0).map((payer) => payer.leave()));
    return problems.filter((problem) => problem !== undefined);
  }
}
