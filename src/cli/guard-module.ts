// Loads the module of the user that exports the guard, and closes everything that it exports.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runAfter, systemClock } from '../core/clock.js';
import { untilAborted, withDeadline } from '../core/deadline.js';
import { isPayoutGuardError } from '../core/errors.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { HoldStore } from '../core/store.js';
import type { History, SharedHistory } from '../history/index.js';
import type { Monitor } from '../monitor/index.js';
import { kindOfError } from './exit-codes.js';
import { counted, durationText } from './output/text.js';
import { type CliContext, CommandFailure, Interrupted, UsageError } from './usage.js';

/** The exports of a guard module. Contains nothing that may be printed as it is. */
export interface GuardModule {
  /** As it was named, for messages. */
  readonly file: string;
  readonly path: string;
  readonly guard: PayoutGuard;
  readonly history: History | undefined;
  readonly monitor: Monitor | undefined;
  /** The exported one, or that of the guard. */
  readonly store: HoldStore;
  /** Ends connections of the module's own. */
  readonly close: (() => unknown) | undefined;
}

const defaultFiles = ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts'].map((extension) => `payout-guard.config.${extension}`);

export interface LoadOptions {
  /** As it was named on the command line. */
  readonly file: string | undefined;
  /** Longest time for the module and for the function that it exports, in milliseconds. */
  readonly withinMs: number;
}

/**
 * Loads a guard module: an ES module, CommonJS, or TypeScript where Node.js can.
 *
 * @throws `UsageError` there is no such file. `CommandFailure` it exports no guard, throws, or takes too long.
 */
export async function loadGuardModule(options: LoadOptions, context: CliContext): Promise<GuardModule> {
  const { file: given, withinMs } = options;
  const { cwd = process.cwd() } = context;
  const file = given ?? defaultFiles.find((name) => existsSync(resolve(cwd, name)));
  if (file === undefined) {
    throw new UsageError('there is no payout-guard.config.js here: create it, or name your module with --guard FILE');
  }
  const path = resolve(cwd, file);
  if (!existsSync(path)) throw new UsageError(`--guard: there is no file ${file}`);
  return read(await within(withinMs, load(path, file), file, context), file, path);
}

/** Ends the wait for a module at its limit, at an interrupt, and when its code throws where nothing catches it. */
async function within<T>(ms: number, loaded: Promise<T>, file: string, context: CliContext): Promise<T> {
  const { interrupted, broken } = context;
  const limit = new AbortController();
  // Does not keep the process alive: a module that waits for nothing at all is reported without a wait.
  const cancel = runAfter(systemClock, ms, () => limit.abort(tooLong(file, ms)));
  try {
    return await untilAborted(untilAborted(untilAborted(loaded, interrupted), broken), limit.signal);
  } catch (error) {
    throw interrupted?.aborted ? new Interrupted('Interrupted. Nothing was done.') : error;
  } finally {
    cancel();
  }
}

function tooLong(file: string, ms: number): CommandFailure {
  return new CommandFailure(
    `${file} was not loaded within ${durationText(ms)}, so nothing was done. Check what its top-level await waits ` +
      'for, such as a connection that does not answer, or give it longer with --load-within',
  );
}

/**
 * Closes a module: the guard first, so that its last work finds a store, and connections last. Reports each part that
 * cannot be closed. Returns false if the history lost entries, or may have.
 */
export async function closeGuardModule(module: GuardModule, context: CliContext): Promise<boolean> {
  let isRecorded = true;
  const steps: [string, () => unknown][] = [
    ['guard', () => module.guard.close({ waitMs: 1_000 })],
    ['monitor', () => module.monitor?.close()],
    ['history', () => module.history?.close()],
    ['store', () => module.store.close()],
    ['close', () => module.close?.()],
  ];
  for (const [name, close] of steps) {
    try {
      await closed(close);
    } catch (error) {
      context.printError(`payout-guard: ${module.file}: closing ${name} failed with ${kindOfError(error)}`);
      if (name === 'history') isRecorded = false;
    }
  }
  const { dropped = 0 } = (module.history as Partial<SharedHistory> | undefined)?.counts ?? {};
  if (dropped === 0) return isRecorded;
  context.printError(`payout-guard: the history lost ${counted(dropped, 'entry', 'entries')} of this command`);
  return false;
}

/** Longest wait for one part to close, in milliseconds. */
const closeMs = 5_000;

function closed(close: () => unknown): Promise<unknown> {
  const onTimeout = () => Object.assign(new Error(), { code: 'TIMEOUT' });
  const limits = { timeoutMs: closeMs, outer: new AbortController().signal, onTimeout };
  return withDeadline(limits, async () => close());
}

type Exports = Readonly<Record<string, unknown>>;

async function load(path: string, file: string): Promise<Exports> {
  try {
    const exported = (await import(pathToFileURL(path).href)) as Exports;
    // CommonJS has its exports in `default`, and so has TypeScript that was compiled to it, once more.
    const named = { ...(isObject(exported.default) ? exported.default : {}), ...exported };
    const main = named.guard ?? unwrapped(exported.default);
    const made = await (typeof main === 'function' ? (main as () => unknown)() : main);
    // Node.js reports rejections that nothing caught before this turn of the event loop begins.
    await new Promise((next) => setImmediate(next));
    return isObject(made) && !hasCalls(made) ? { ...named, ...made } : { ...named, guard: made };
  } catch (error) {
    throw loadFailure(error, file);
  }
}

function unwrapped(exported: unknown): unknown {
  return isObject(exported) && !hasCalls(exported) && 'default' in exported ? exported.default : exported;
}

function read(exported: Exports, file: string, path: string): GuardModule {
  const { guard, history, monitor, store, close } = exported;
  if (!isObject(guard) || !hasCalls(guard)) {
    throw new CommandFailure(
      `${file} exports no guard. Export \`guard\`, made by createPayoutGuard, or a default: a guard, an object with ` +
        'one, or a function that returns either',
    );
  }
  if (!isOfThisVersion(guard as unknown as PayoutGuard)) {
    throw new CommandFailure(`${file}: its guard is of another version of payout-guard; use one version for both`);
  }
  const optional = <T>(name: string, value: unknown, method: string): T | undefined => {
    if (value === undefined || value === null) return undefined;
    if (isObject(value) && typeof value[method] === 'function') return value as T;
    throw new CommandFailure(`${file}: its export \`${name}\` has no ${method}()`);
  };
  return {
    file,
    path,
    guard: guard as unknown as PayoutGuard,
    history: optional<History>('history', history, 'query'),
    monitor: optional<Monitor>('monitor', monitor, 'check'),
    store: optional<HoldStore>('store', store, 'totals') ?? (guard as unknown as PayoutGuard).internals.store,
    close: typeof close === 'function' ? (close as () => unknown) : undefined,
  };
}

const calls = ['funds', 'hold', 'capture', 'release', 'getHold', 'listHolds', 'reconcile', 'freeze', 'close'] as const;

/** By shape: the guard may come from another copy of this package, or be wrapped. */
function hasCalls(value: Exports): boolean {
  return calls.every((call) => typeof value[call] === 'function');
}

function isOfThisVersion({ internals }: PayoutGuard): boolean {
  return (
    typeof internals?.wallets === 'function' &&
    isObject(internals.store) &&
    typeof internals.overdueAfterMs === 'number'
  );
}

function isObject(value: unknown): value is Exports {
  return typeof value === 'object' && value !== null;
}

/** A module may throw anything, with secrets in its message: only its code or name is shown, or the text of ours. */
function loadFailure(error: unknown, file: string): CommandFailure {
  if (isPayoutGuardError(error)) return new CommandFailure(`${file}: ${error.message}`);
  const { code, message } = Object(error) as { code?: unknown; message?: unknown };
  const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return new CommandFailure(
      `${file}: this Node.js cannot load it. Compile it to JavaScript, or set NODE_OPTIONS='--import tsx'`,
    );
  }
  const [, missing] = (isMissing && /^Cannot find (?:package|module) '([^'\n]{1,200})'/.exec(String(message))) || [];
  const detail = missing === undefined ? '' : `: it cannot find ${missing}`;
  return new CommandFailure(
    `${file} cannot be loaded: it failed with ${kindOfError(error)}${detail}. ` +
      `Run \`node ${file}\` to see the error itself`,
  );
}
