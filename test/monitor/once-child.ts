// A monitor in a process of its own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';

export interface Child {
  /** Runs a round, and resolves to its alerts. */
  ask(command: string): Promise<string[]>;
  /** Runs a round, kills the process in its delivery, and resolves to that alert. */
  askToDie(): Promise<string>;
  end(): Promise<void>;
}

export async function startMonitor(args: readonly string[]): Promise<Child> {
  const file = fileURLToPath(new URL('monitor-process.ts', import.meta.url));
  const child: ChildProcess = spawn(
    process.execPath,
    ['--disable-warning=PAYOUT_GUARD_REDIS', '--import', 'tsx', file, ...args],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const line = async () => {
    const next = await lines.next();
    if (next.done) throw new Error('the process has ended');
    return next.value;
  };
  expect(await line()).toBe('ready');
  const send = (command: string) => child.stdin?.write(`${command}\n`);
  return {
    ask: async (command) => {
      send(command);
      const received: string[] = [];
      for (let next = await line(); next !== 'done'; next = await line()) received.push(next);
      return received;
    },
    askToDie: async () => {
      send('die 0');
      const claimed = await line();
      child.kill('SIGKILL');
      await exited;
      return claimed;
    },
    end: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
