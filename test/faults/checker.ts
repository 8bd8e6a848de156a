// Compares the store, when nothing is under way, with the records of the bank and of the processes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HoldRecord, HoldStore, WalletTotals } from 'payout-guard';
import { monotonicMs } from '../processes/child.js';
import { type End, lagMs, type Permission, type Quiet, wallets } from './messages.js';
import type { World } from './world.js';

/** Time in which the store must undo refused holds and show captures, in milliseconds, unless it hangs. */
const settleMs = 60_000;

export interface Account {
  /** Problems of the store; empty when all is accounted for. */
  readonly problems: readonly string[];
  /** Payouts that were permitted, and which the store lacks or has as they were before. */
  readonly lost: number;
}

export async function accountOf(world: World, quiet: readonly Quiet[]): Promise<Account> {
  const endMs = monotonicMs() + settleMs;
  for (;;) {
    // Look-ups in the background may end holds while the store is read.
    const ended = new Map(world.ended);
    const reading = await readStore(world.witness.store);
    const lasting = totalsProblems(reading).concat(permissionProblems(world, reading.holds, ended));
    const passing = openProblems(world, reading, quiet);
    const references = [...world.bank.permissions.keys()];
    const { length: lost } = references.filter((one) => isLost(reading.holds.get(one), ended.get(one)));
    // Lasting facts must hold at every reading; passing ones have time to go away by themselves.
    if (lasting.length > 0 || passing.length === 0) return { problems: lasting, lost };
    if (monotonicMs() > endMs) return { problems: passing, lost };
    await sleep(50);
  }
}

/** It is not there, or not as the store last answered it. */
function isLost(hold: HoldRecord | undefined, ended: End | undefined): boolean {
  return !hold || (ended !== undefined && hold.state !== ended.as);
}

interface StoreReading {
  readonly totals: ReadonlyMap<string, WalletTotals>;
  readonly holds: ReadonlyMap<string, HoldRecord>;
  readonly beganAtMs: number;
}

/** Everything in the store. Read until nothing changed while it was read. */
async function readStore(store: HoldStore): Promise<StoreReading> {
  for (let tries = 0; tries < 50; tries++) {
    const beganAtMs = Date.now();
    const before = await allTotals(store);
    const holds = await allHolds(store);
    const after = await allTotals(store);
    const isSame = wallets.every(
      (wallet) =>
        before.get(wallet)?.active === after.get(wallet)?.active &&
        before.get(wallet)?.captured === after.get(wallet)?.captured,
    );
    if (isSame) return { totals: after, holds, beganAtMs };
  }
  throw new Error('the store does not come to rest');
}

async function allTotals(store: HoldStore): Promise<Map<string, WalletTotals>> {
  const entries = await Promise.all(wallets.map(async (wallet) => [wallet, await store.totals(wallet)] as const));
  return new Map(entries);
}

export async function allHolds(store: HoldStore): Promise<Map<string, HoldRecord>> {
  const holds = new Map<string, HoldRecord>();
  let after: string | undefined;
  do {
    const page = await store.list({ limit: 500, after });
    for (const hold of page.holds) holds.set(hold.reference, hold);
    after = page.next;
  } while (after !== undefined);
  return holds;
}

/** `active` is open holds and captures that are not visible yet; each capture is in one of the two totals, once. */
function totalsProblems({ totals, holds, beganAtMs }: StoreReading): string[] {
  const problems: string[] = [];
  for (const [wallet, { active, captured }] of totals) {
    const ofWallet = [...holds.values()].filter((hold) => hold.wallet === wallet);
    const open = sum(ofWallet.filter(isOpen).map(({ amountMinor }) => amountMinor));
    const ended = ofWallet.filter(({ state }) => state === 'captured');
    const all = sum(ended.map(({ capturedMinor = 0n }) => capturedMinor));
    const perhapsHidden = ended.filter(({ endedAtMs = 0 }) => endedAtMs + lagMs > beganAtMs);
    const hidden = sum(perhapsHidden.map(({ capturedMinor = 0n }) => capturedMinor));
    if (active < open || active > open + hidden) {
      problems.push(`${wallet}: active is ${active}; ${open} is open and up to ${hidden} not visible yet`);
    }
    if (active + captured !== open + all) {
      problems.push(`${wallet}: active and captured are ${active + captured}, and their holds ${open + all}`);
    }
  }
  return problems;
}

/** Each payout that was permitted is in the store, in a state that is true. */
function permissionProblems(
  world: World,
  holds: ReadonlyMap<string, HoldRecord>,
  ended: ReadonlyMap<string, End>,
): string[] {
  return [...world.bank.permissions.values()].flatMap((permission) => {
    const { reference } = permission;
    const problem = permissionProblem(world, permission, holds.get(reference), ended.get(reference));
    return problem === undefined ? [] : [`${reference} (${permission.amount}): ${problem}`];
  });
}

function permissionProblem(
  world: World,
  permission: Permission,
  hold: HoldRecord | undefined,
  ended: End | undefined,
): string | undefined {
  const { reference, amount, wallet } = permission;
  const outcome = world.bank.outcomeOf(reference);
  const lastLossMs = world.lostUntilMs;
  // A hold that may have ended when the engine lost data need not be restored: it may be gone, or as it was in the
  // older copy.
  if (world.mayHaveEnded(reference) && (world.isOlder || !hold)) return undefined;
  if (!hold) {
    // Held, or captured by webhook, in a process that is gone.
    if (world.mayOverspend && (isOfKilled(world, reference) || outcome === 'paid')) return undefined;
    return `lost, though the bank has it as ${outcome}`;
  }
  if (hold.amountMinor !== amount || hold.wallet !== wallet) return `held as ${hold.amountMinor} of ${hold.wallet}`;
  const allowed = outcome === 'paid' ? ['sent', 'captured'] : outcome === 'rejected' ? ['sent', 'released'] : ['sent'];
  if (!allowed.includes(hold.state)) return `${hold.state}, though the bank has it as ${outcome ?? 'nothing'}`;
  if (hold.state === 'captured' && !debitsOf(hold, world.bank.actualOf(reference)).includes(hold.capturedMinor)) {
    return `captured with ${hold.capturedMinor}, and debited with ${world.bank.actualOf(reference)}`;
  }
  if (hold.state === 'released' && !hold.failed)
    return 'released after it was sent, and its reference may be held again';
  if (ended && ended.fromMs > lastLossMs && hold.state !== ended.as) {
    return `${hold.state}, though the store answered a process that it is ${ended.as}`;
  }
  return undefined;
}

/** The guard does not believe a look-up with a debit of less than half: the held amount counts. */
function debitsOf({ amountMinor }: HoldRecord, actual = amountMinor): readonly (bigint | undefined)[] {
  return actual * 2n < amountMinor ? [actual, amountMinor] : [actual];
}

/** Every open hold belongs to a payout. */
function openProblems(world: World, { holds, beganAtMs }: StoreReading, quiet: readonly Quiet[]): string[] {
  const known = new Map(quiet.flatMap(({ open }) => open.map(({ reference, amount }) => [reference, amount])));
  const refused = new Set(quiet.flatMap((one) => one.refused));
  const problems: string[] = [];
  for (const hold of holds.values()) {
    const { reference, state, amountMinor } = hold;
    if (!isOpen(hold) || isOfKilled(world, reference) || world.isOlder) continue;
    if (refused.has(reference)) problems.push(`${reference} (${amountMinor}) is ${state}, and its caller was refused`);
    else if (!world.bank.permissions.has(reference) && !known.has(reference)) {
      problems.push(`${reference} (${amountMinor}) is ${state}, and belongs to no payout`);
    }
  }
  for (const [reference, amount] of known) {
    const hold = holds.get(reference);
    if (hold || world.ending.has(reference)) continue;
    problems.push(`${reference} (${amount}) is open, and the store does not have it`);
  }
  if ([...holds.values()].some(({ endedAtMs = 0 }) => endedAtMs + lagMs > beganAtMs)) {
    problems.push('a capture may not be visible yet');
  }
  return problems;
}

function isOfKilled(world: World, reference: string): boolean {
  return world.killed.has(reference.split('-')[0] ?? '') || (reference.startsWith('race') && world.killed.size > 0);
}

function isOpen({ state }: HoldRecord): boolean {
  return state === 'reserved' || state === 'sent';
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n);
}
