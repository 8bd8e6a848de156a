// One command with the guard of the user: loads it, runs the command, and closes it whatever happens.
import { untilAborted } from '../core/deadline.js';
import type { WalletInfo } from '../core/internals.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { parseReference } from '../core/reference.js';
import type { History } from '../history/index.js';
import { type Operator, operatorOf } from '../operate/index.js';
import type { Call } from './call.js';
import { exitCodes } from './exit-codes.js';
import { closeGuardModule, type GuardModule, loadGuardModule } from './guard-module.js';
import { CommandFailure, Interrupted, UsageError } from './usage.js';
import { durationMs, printableText, refused } from './values.js';

export interface Session extends GuardModule {
  readonly call: Call;
}

/** Runs a command. One that acts fails if the history lost entries about it, although it is done. */
export async function withGuard(call: Call, work: (session: Session) => Promise<number>): Promise<number> {
  const { code, isRecorded } = await withModule(call, work);
  return code === exitCodes.done && !isRecorded ? exitCodes.failed : code;
}

async function withModule(call: Call, work: (session: Session) => Promise<number>): Promise<Ended> {
  const module = await loadGuardModule({ file: text(call, 'guard'), withinMs: loadWithinMs(call) }, call.context);
  let isRecorded = true;
  let code: number = exitCodes.failed;
  try {
    code = await work({ ...module, call });
  } finally {
    isRecorded = await closeGuardModule(module, call.context);
  }
  return { code, isRecorded };
}

interface Ended {
  readonly code: number;
  /** The history has every entry of the command. */
  readonly isRecorded: boolean;
}

/** The same for a command that changes nothing: an interrupt ends it at once, and it prints nothing more. */
export async function readWithGuard(call: Call, work: (session: Session) => Promise<number>): Promise<number> {
  const { interrupted, print, printError } = call.context;
  const unlessInterrupted = (write: (text: string) => void) => (line: string) => {
    if (!interrupted?.aborted) write(line);
  };
  const quiet = { print: unlessInterrupted(print), printError: unlessInterrupted(printError) };
  const context = { ...call.context, ...quiet };
  const { code } = await withModule({ ...call, context }, async (session) => {
    try {
      return await untilAborted(work(session), interrupted);
    } catch (error) {
      throw interrupted?.aborted ? new Interrupted('Interrupted. Nothing was changed.') : error;
    }
  });
  return code;
}

function loadWithinMs(call: Call): number {
  return durationMs('load-within', text(call, 'loadWithin') ?? '30s', ['1s', '10m']);
}

/** The value of an option that takes one. */
export function text({ options }: Pick<Call, 'options'>, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/**
 * The wallet of that key, or the only one. A guard that finds its wallets is asked for it.
 * @param named - The argument that has the key, for the message.
 * @throws `UsageError`
 */
export async function walletOf(
  guard: PayoutGuard,
  key: string | undefined,
  named: string = '--wallet',
): Promise<WalletInfo> {
  const known = guard.internals.wallets();
  const found = key === undefined && known.length === 1 ? known[0] : known.find((wallet) => wallet.key === key);
  if (found) return found;
  const keys = known.length === 0 ? '' : ` The guard has: ${known.map((wallet) => wallet.key).join(', ')}.`;
  if (key === undefined) throw new UsageError(`name the wallet with --wallet.${keys}`);
  // Its balance may be unavailable, and the wallet is known all the same then.
  await guard.funds({ wallet: key }).catch((error) => error);
  const asked = guard.internals.wallets().find((wallet) => wallet.key === key);
  if (asked) return asked;
  throw new UsageError(`${named}: the guard has no such wallet.${keys}`);
}

/** The wallets of the command: the named one, or all. @throws `UsageError` */
export async function walletsOf({ guard, call }: Session): Promise<readonly WalletInfo[]> {
  const key = text(call, 'wallet');
  if (key !== undefined) return [await walletOf(guard, key)];
  const known = guard.internals.wallets();
  if (known.length === 0)
    throw new UsageError('name a wallet with --wallet: the guard finds its wallets by their keys');
  return known;
}

/** The history of the module. @throws `CommandFailure` it exports none. */
export function historyOf({ history, file }: Session): History {
  if (history) return history;
  throw new CommandFailure(`${file} exports no \`history\`, and this command reads it. docs/history.md has the ways`);
}

/** The person who acts. @throws `UsageError` no name is known. */
export function operatorOfCall({ guard, history, call, file }: Session): Operator {
  const name = text(call, 'as') ?? call.context.userName;
  if (name === undefined) throw new UsageError('--as: name the person who acts');
  printableText('--as', name, 100);
  const acts = !call.options.readOnly;
  if (!history && acts) call.context.printError(`payout-guard: not recorded, because ${file} exports no \`history\``);
  return operatorOf(guard, { name, history });
}

/** The reference that the command names. @throws `UsageError` it cannot be one. */
export function referenceOf({ args: [given = ''] }: Pick<Call, 'args'>): string {
  try {
    return parseReference(given);
  } catch {
    throw refused('REFERENCE', 'the id of a payout, 1 to 128 visible ASCII characters without blanks', given);
  }
}

/** The reason of an action, for the history. @throws `UsageError` */
export function reasonOf(call: Pick<Call, 'options'>): string {
  const reason = text(call, 'reason');
  if (reason === undefined) throw new UsageError('--reason: name the reason, such as a ticket; operators see it');
  return printableText('--reason', reason, 200);
}

/** A freeze of a store in memory would end with this command, and stop no service. @throws `CommandFailure` */
export function refuseMemory({ store }: Session): void {
  if (store.name !== 'memory') return;
  throw new CommandFailure(
    'the store is in the memory of this command, so no service would see it. Nothing was done: give the guard the ' +
      'store that your services share, or call the guard within the service',
  );
}

/** A store in memory is that of this command: it has no hold of a service. */
export function warnOfMemory({ store, call }: Session): void {
  if (store.name !== 'memory') return;
  call.context.printError(
    'payout-guard: the store is in the memory of this command, so holds of your services are not in it. Give the ' +
      'guard the store that they share.',
  );
}
