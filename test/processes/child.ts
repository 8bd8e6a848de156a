// A program in its own process that exchanges messages with the test.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compiled } from '../support/compiled.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Longest wait for a message or for the end of a process, in milliseconds. Only a process that hangs takes as long. */
const patienceMs = 120_000;

export interface Message {
  readonly kind: string;
}

export interface ChildOptions {
  readonly args?: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /**
   * Run by tsx, file by file, as a reader of the examples runs them. False by default: one compiled file starts faster.
   */
  readonly asWritten?: boolean;
}

/** The end of a process. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The time at which this process received the end, in milliseconds of the machine's monotonic clock. */
  readonly atMs: number;
}

export class Child<ToChild extends Message, FromChild extends Message> {
  /** Receives every message. */
  onMessage: (message: FromChild) => void = () => {};
  readonly exited: Promise<ChildExit>;
  readonly #child: ChildProcess;
  #stdout = '';
  #stderr = '';

  /** @param program - The TypeScript file. */
  constructor(program: URL, { args = [], env = {}, asWritten = false }: ChildOptions = {}) {
    const child = fork(asWritten ? fileURLToPath(program) : compiled(program), args, {
      cwd: root,
      execArgv: ['--no-warnings', ...(asWritten ? ['--import', 'tsx'] : [])],
      env: { ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    child.on('message', (message) => this.onMessage(message as FromChild));
    const end = () => child.kill('SIGKILL');
    process.once('exit', end);
    // Not the event `close` of the process, which is never emitted when this side has closed the channel.
    const outputs = [child.stdout, child.stderr].map((stream) => stream && once(stream, 'close'));
    this.exited = once(child, 'exit').then(async ([code, signal]) => {
      const atMs = monotonicMs();
      process.off('exit', end);
      await Promise.all(outputs);
      return { code, signal, atMs };
    });
    this.#child = child;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Has no effect after the process has ended. Every wait for an answer has a limit. */
  send(message: ToChild): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** The next message of a kind from now on. @throws when it does not arrive. */
  async next<Kind extends FromChild['kind']>(kind: Kind): Promise<Extract<FromChild, { kind: Kind }>> {
    const over = new AbortController();
    let listener: (message: unknown) => void = () => {};
    const arrived = new Promise<FromChild>((resolve) => {
      listener = (message) => (message as FromChild).kind === kind && resolve(message as FromChild);
      this.#child.on('message', listener);
    });
    const late = sleep(patienceMs, undefined, { signal: over.signal }).catch(() => undefined);
    const message = await Promise.race([arrived, late, this.exited.then(() => undefined)]);
    over.abort();
    this.#child.off('message', listener);
    if (message === undefined)
      throw new Error(`a process sent no "${kind}"; its output: ${this.#stdout}${this.#stderr}`);
    return message as Extract<FromChild, { kind: Kind }>;
  }

  /** Sends a message and resolves to its answer. */
  ask<Kind extends FromChild['kind']>(message: ToChild, kind: Kind): Promise<Extract<FromChild, { kind: Kind }>> {
    const answer = this.next(kind);
    this.send(message);
    return answer;
  }

  /** Closes the channel. */
  disconnect(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills the process, as in a crash. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** Waits for its end. A process that hangs is killed, and counts as `undefined`. */
  async end(): Promise<ChildExit | undefined> {
    const over = new AbortController();
    const late = sleep(patienceMs, undefined, { signal: over.signal }).catch(() => undefined);
    const exit = await Promise.race([this.exited, late]);
    over.abort();
    if (!exit) await this.kill();
    return exit;
  }

  /** Closes the channel. Without work left, the process must end without a signal. Returns the problem with its end. */
  async release(): Promise<string | undefined> {
    if (!this.isAlive) return undefined;
    this.disconnect();
    const exit = await this.end();
    if (!exit) return 'a process did not end by itself: something in it is still open';
    const output = this.#stdout + this.#stderr;
    return exit.code === 0 && output === '' ? undefined : `a process ended with ${exit.code}; its output: ${output}`;
  }
}

/** The machine's monotonic clock, which all processes share and which cannot be stepped. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
