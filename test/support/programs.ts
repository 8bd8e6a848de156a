// Programs that tests run to their end: compilers, examples, other processes. Few run at a time, because each takes a
// core. Each may take as long as it needs, and only a hanging program is ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** Far longer than any program takes, even on a slow and busy machine. Below the limit of a test in jest.config.js. */
const hangsAfter = 180_000;

export interface ProgramResult {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  /** @defaultValue the root of the repository */
  readonly cwd?: string | undefined;
  /** Added to the environment of this process. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** @defaultValue 180,000, far longer than any program takes that neither downloads nor builds */
  readonly hangsAfterMs?: number | undefined;
}

/** Runs a program to its end, with any exit code. @throws when it hangs. */
export async function runProgram(
  program: string,
  args: readonly string[],
  { cwd = root, env = {}, hangsAfterMs = hangsAfter }: ProgramOptions = {},
): Promise<ProgramResult> {
  const leave = await enter();
  try {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let hangs = false;
    const timer = setTimeout(() => {
      hangs = true;
      child.kill('SIGKILL');
    }, hangsAfterMs);
    const ended = once(child, 'close').finally(() => {
      clearTimeout(timer);
      running.delete(child);
    });
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (hangs) throw new Error(`${program} ${args.join(' ')}: no end within ${hangsAfterMs} ms\n${stdout}\n${stderr}`);
    return { code, stdout, stderr };
  } finally {
    leave();
  }
}

/** The same for a TypeScript file, named from the root of the repository. */
export function runTypeScript(
  file: string,
  args: readonly string[] = [],
  { env }: Pick<ProgramOptions, 'env'> = {},
): Promise<ProgramResult> {
  return runProgram(process.execPath, ['--import', 'tsx', file, ...args], { env });
}

/** Kills a process, as in a crash, and waits for its end. */
export async function killed(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

const running = new Set<ChildProcess>();
// An interrupted test run leaves no program behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const waiting: (() => void)[] = [];
let free = availableParallelism();

/** Waits for a free place. Call the returned function to leave it. */
async function enter(): Promise<() => void> {
  if (free > 0) free -= 1;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  return () => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
}
