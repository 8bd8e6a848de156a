#!/usr/bin/env node
// The program behind `npx payout-guard`.
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { runCommand } from './command.js';
import { exitCodes, kindOfError } from './exit-codes.js';
import { escapedLines } from './output/escape.js';
import { type CliContext, CommandFailure, type ProcessWarning, type Screen } from './usage.js';

/** Time for connections that the guard module left open, in milliseconds, after everything was closed. */
const lingerMs = 500;

// Scripts read the standard output. Everything else that this process prints there comes from the guard module.
const writeOutput = process.stdout.write.bind(process.stdout);
process.stdout.write = ((...given: Parameters<typeof writeOutput>) => {
  process.stderr.write(...given);
  // Never asks the module to wait: this stream would emit no `drain`.
  return true;
}) as typeof process.stdout.write;

const interrupted = new AbortController();

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // In a terminal the line editor takes Ctrl-C.
  lines.on('SIGINT', () => interrupted.abort());
  try {
    return await lines.question(question, { signal: interrupted.signal });
  } finally {
    lines.close();
  }
}

function screenOf(stream: NodeJS.WriteStream, write: (text: string) => unknown): Screen | undefined {
  if (!stream.isTTY) return undefined;
  return {
    get columns() {
      return stream.columns;
    },
    write: (text) => void write(text),
  };
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user that the system does not know: --as has to name the person then.
    return undefined;
  }
}

/** The exit code, once the command is done or cannot be. */
let exitCode: number | undefined;
const broken = new AbortController();

// Node.js would print the error with its message and its stack, which may hold secrets.
function onUncaught(error: unknown): void {
  const failure = new CommandFailure(
    `code of the guard module failed with ${kindOfError(error)}, and nothing caught it. Run the module with \`node\` ` +
      'to see the error itself',
  );
  if (exitCode === undefined) {
    broken.abort(failure);
    return;
  }
  console.error(`payout-guard: ${failure.message}`);
  if (exitCode === exitCodes.done) exitCode = exitCodes.failed;
}
process.on('uncaughtException', onUncaught);
process.on('unhandledRejection', onUncaught);

const listeners = new Set<(warning: ProcessWarning) => void>();
// Those of Node.js print the whole warning: only our own are known to hold no secret.
process.removeAllListeners('warning');
process.on('warning', (warning: Error & { code?: string }) => {
  const { code = '', message } = warning;
  if (!code.startsWith('PAYOUT_GUARD_')) {
    console.error(`payout-guard: the guard module was warned by Node.js or a library: ${kindOfError(warning)}`);
  } else if (listeners.size === 0) {
    console.error(escapedLines(`payout-guard: warning ${code}: ${message}`));
  } else for (const listener of listeners) listener({ code, message });
});

// The second interrupt ends the process at once.
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());
// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  exitCode = error.code === 'EPIPE' ? exitCodes.done : exitCodes.failed;
  process.exit();
});

const context: CliContext = {
  env: process.env,
  print: (text) => void writeOutput(`${text}\n`),
  printError: (text) => console.error(text),
  ask,
  userName: userName(),
  canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
  screen: screenOf(process.stdout, writeOutput),
  progressScreen: screenOf(process.stderr, (text) => process.stderr.write(text)),
  interrupted: interrupted.signal,
  broken: broken.signal,
  onWarning: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

// A module that waits for what never comes ends the process without a result.
process.once('beforeExit', () => {
  if (exitCode !== undefined) return;
  exitCode = exitCodes.failed;
  console.error('payout-guard: nothing was done: the guard module never finished loading.');
});
// Scripts must not take the exit code of the module for that of the command.
process.on('exit', () => {
  process.exitCode = exitCode ?? exitCodes.failed;
  if (exitCode !== undefined) return;
  console.error(
    'payout-guard: code of the guard module ended the process before the command was done. Check what was done, and ' +
      'remove process.exit() from the module.',
  );
});

void runCommand(process.argv.slice(2), context).then((code) => {
  exitCode = code;
  // Only a connection that the module of the user left open keeps the process alive until then.
  setTimeout(() => writeOutput('', () => process.exit()), lingerMs).unref();
});
