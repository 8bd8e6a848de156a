// Runs commands in process, with a guard of the test as the module of a user.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { runCommand } from '../../src/cli/command.js';
import type { CliContext, ProcessWarning } from '../../src/cli/usage.js';
import { assertHarmless } from './program-support.js';

export { secret } from './secret.js';

export let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'payout-guard-cli-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in the folder of the test. No secret and no stack trace may be in what it prints. */
export async function run(args: readonly string[], context: Partial<CliContext> = {}): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCommand(args, {
    env: {},
    print: (line) => out.push(line),
    printError: (line) => err.push(line),
    ask: () => Promise.reject(new Error('there is no terminal')),
    cwd: folder,
    userName: 'ada',
    ...context,
  });
  const outcome = { code, out: out.join('\n'), err: err.join('\n') };
  assertHarmless(outcome.out + outcome.err);
  return outcome;
}

/** A store in memory that several commands share, under the name of one that processes share. */
export function shared<T extends object>(store: T): T {
  return new Proxy(closedBy(store), { get: (part, name) => (name === 'name' ? 'postgres' : Reflect.get(part, name)) });
}

/** The same object with another `close`: what several commands share outlives each of them. */
export function closedBy<T extends object>(part: T, close: () => unknown = async () => {}): T {
  return new Proxy(part, {
    get: (_, name) => {
      if (name === 'close') return close;
      const value = Reflect.get(part, name);
      return typeof value === 'function' ? value.bind(part) : value;
    },
  });
}

let modules = 0;

/** Makes a guard module of these exports. Returns its name. */
export async function moduleOf(exports: Readonly<Record<string, unknown>>): Promise<string> {
  const key = `payoutGuardCli${++modules}`;
  (globalThis as Record<string, unknown>)[key] = exports;
  const lines = Object.keys(exports).map((name) => {
    const value = `globalThis.${key}[${JSON.stringify(name)}]`;
    return name === 'default' ? `export default ${value};` : `export const ${name} = ${value};`;
  });
  return file(`guard-${modules}.mjs`, lines.join('\n'));
}

/** Writes a file into the folder. Returns its name. */
export async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return name;
}

/** The listener of a command for process warnings, which the test calls. */
export function warnings(): { readonly onWarning: CliContext['onWarning']; emit(warning: ProcessWarning): void } {
  const listeners = new Set<(warning: ProcessWarning) => void>();
  return {
    onWarning: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit: (warning) => {
      for (const listener of listeners) listener(warning);
    },
  };
}
