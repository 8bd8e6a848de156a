// Function calls to another process.
import { isPayoutGuardError } from 'payout-guard';
import { Child } from './child.js';

/** The functions that a process offers. Arguments and results must be valid for `structuredClone`. */
export type Calls = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

interface Call {
  readonly kind: 'call';
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  /** The function threw. The reason is the code, if it was an error of the library. */
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string };

/** Answers calls in the process that offers the functions. */
export function offer(calls: Calls): void {
  const send = (answer: Answer) => void process.send?.(answer);
  const run = async ({ id, name, args }: Call) => {
    try {
      const call = calls[name] as ((...args: readonly unknown[]) => Promise<unknown>) | undefined;
      if (!call) throw new Error(`there is no call ${name}`);
      send({ kind: 'answer', id, value: await call(...args) });
    } catch (error) {
      send({ kind: 'failure', id, reason: isPayoutGuardError(error) ? error.code : `${(error as Error).stack}` });
    }
  };
  process.on('message', (call: Call) => void run(call));
  send({ kind: 'ready' });
}

/** A refused call. */
export class CallFailure extends Error {
  readonly reason: string;

  constructor(name: string, reason: string) {
    super(`${name}: ${reason}`);
    this.reason = reason;
  }
}

/** A process that offers functions, as the test uses it. */
export class CallableProcess<Offered extends Calls> extends Child<Call, Answer> {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #count = 0;

  static async start<Offered extends Calls>(program: URL, env: NodeJS.ProcessEnv): Promise<CallableProcess<Offered>> {
    const started = new CallableProcess<Offered>(program, { env });
    started.onMessage = (answer) => {
      if (answer.kind !== 'ready') started.#waiting.get(answer.id)?.(answer);
    };
    await started.next('ready');
    return started;
  }

  /** @throws {@link CallFailure} when the function throws, or the process ends. */
  async call<Name extends keyof Offered & string>(
    name: Name,
    ...args: Parameters<Offered[Name]>
  ): Promise<Awaited<ReturnType<Offered[Name]>>> {
    this.#count += 1;
    const id = this.#count;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.send({ kind: 'call', id, name, args });
    const answer = await Promise.race([answered, this.exited.then(() => undefined)]);
    this.#waiting.delete(id);
    if (answer?.kind === 'answer') return answer.value as Awaited<ReturnType<Offered[Name]>>;
    throw new CallFailure(name, answer?.kind === 'failure' ? answer.reason : `the process has ended: ${this.stderr}`);
  }

  /** The code of the error with which a call rejects; `undefined` when it resolves. */
  async refusalOf<Name extends keyof Offered & string>(
    name: Name,
    ...args: Parameters<Offered[Name]>
  ): Promise<string | undefined> {
    try {
      await this.call(name, ...args);
      return undefined;
    } catch (error) {
      return (error as CallFailure).reason;
    }
  }
}
