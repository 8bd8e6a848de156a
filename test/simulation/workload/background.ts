// Activity beside payouts: reports, reconciliations, operators, and a misconfigured service.
import { impostorKey } from '../guard-setup.js';
import { mostReferencesOf } from '../payrolls.js';
import type { Process } from '../process.js';
import type { Payout } from '../truth.js';
import { text, type World } from '../world.js';

/** Reads without holding: shares balance requests with payouts, and changes the age of the balance. */
export async function look(world: World, process: Process): Promise<void> {
  const { log, random } = world;
  const { guard, role } = process;
  const wallet = random.pick(role.wallets) ?? '';
  log.count('look', wallet);
  const amount = text(BigInt(random.between(1, 12)), world.planOf(wallet));
  const refresh = random.chance(0.3);
  const list = async () => {
    const { holds } = await guard.listHolds({ state: random.pick(['sent', undefined]), limit: random.pick([2, 100]) });
    for (const hold of holds) process.assertOwn(hold);
  };
  if (role.does === 'settle') return list();
  await random.pick([
    () => guard.checkFunds(amount, { wallet, refresh }),
    () => guard.assertSufficientFunds(amount, { wallet, refresh }),
    () => guard.funds({ wallet, refresh }),
    list,
  ])();
}

/**
 * Reserves and releases many payouts. Their references may be forgotten, but no other reference to make room for them.
 */
export async function crowd(world: World, process: Process): Promise<void> {
  const wallet = world.random.pick(process.role.wallets) ?? '';
  const amount = text(1n, world.planOf(wallet));
  for (let count = 1; count <= world.settings.crowd + mostReferencesOf(world.payrolls); count++) {
    const hold = await process.guard.hold({ wallet, amount, reference: `c${count}`, metadata: { payee: 'a crowd' } });
    await hold.release();
  }
}

/** Looks up overdue payouts, in the order of the processes. */
export async function reconcile({ log }: World, { guard }: Process, olderThanMs?: number): Promise<void> {
  const { captured, released } = await guard.reconcile({ olderThanMs });
  for (let hold = 0; hold < captured; hold++) log.count('captured by reconciliation');
  for (let hold = 0; hold < released; hold++) log.count('released by reconciliation');
}

/** An operator freezes a wallet, and unfreezes it later. */
export async function freeze(world: World, process: Process): Promise<void> {
  const { log, random, scheduler, settings } = world;
  const wallet = random.pick(process.role.wallets) ?? '';
  await process.guard.freeze(wallet, 'an incident');
  log.count('frozen', wallet);
  scheduler.after(random.upTo(settings.arrivalsWithinMs), () => unfreeze(world, wallet));
}

/** Repeats until the store has accepted it, as an operator would. */
export function unfreeze(world: World, wallet: string): void {
  const process = world.anyProcess({ wallet });
  void process.run('unfreeze', async () => {
    try {
      await process.guard.unfreeze(wallet);
      world.log.count('unfrozen', wallet);
    } catch (error) {
      world.scheduler.after(1_000, () => unfreeze(world, wallet));
      throw error;
    }
  });
}

/** A service with the wrong account, or with another key for the same account, tries every call. */
export async function impersonate(world: World, process: Process, payout: Payout): Promise<void> {
  const { log, random } = world;
  const { guard } = process;
  // Before a guard of the wallet has read its balance, it is undecided which of the two is right.
  if (!world.claimed.has(payout.wallet)) return;
  log.count('request of an impostor', payout.reference);
  const wallet = process.role.impostor === 'key' ? impostorKey(payout.wallet) : payout.wallet;
  const amount = text(1n, world.planOf(payout.wallet));
  const { reference } = payout;
  const accept = (what: string) => () =>
    world.report('foreign', `${what} of an impostor of ${payout.wallet} was accepted`);
  const attempts = [
    () => guard.withHold({ wallet, amount, reference: `${reference}.x` }, () => {}).then(accept('a payout')),
    () => guard.checkFunds(amount, { wallet }).then(accept('a check')),
    () => guard.freeze(wallet, 'by mistake').then(accept('a freeze')),
    () => guard.release(reference).then(accept('a release')),
    () => guard.reconcile({ olderThanMs: 0 }),
  ];
  try {
    await random.pick(attempts)?.();
  } catch (error) {
    log.count('impostor refused', reference);
    throw error;
  }
}
