// The reports of a guard: its events, and the process warnings of events without a listener.
import type { GuardEvents, HoldInfo, PayoutGuard } from 'payout-guard';
import type { Process } from './process.js';
import type { World } from './world.js';

export function listen(world: World, process: Process, guard: PayoutGuard): void {
  const { log } = world;
  const by = ({ reference }: HoldInfo) =>
    world.truth.of(reference).some(({ sender }) => sender === process.name) ? 'its sender' : 'another process';
  const own = ({ hold }: { readonly hold: HoldInfo }) => {
    process.assertOwn(hold);
    return hold;
  };

  guard.on('held', (event) => world.granted.add(own(event).attempt));
  guard.on('captured', (event) => {
    const hold = own(event);
    log.count(`captured by ${by(hold)}`, hold.reference);
    if (hold.awaitsOutcome) log.count('captured at acceptance', hold.reference);
  });
  guard.on('released', (event) => log.count(`released by ${by(own(event))}`, event.hold.reference));
  guard.on('failedAfterCapture', (event) => log.count('failed after capture', own(event).reference));
  guard.on('snapshot', ({ wallet }) => {
    if (!process.role.impostor) world.claimed.add(wallet);
  });
  if (process.role.listens) reportByEvents(world, process, guard);
}

function reportByEvents(world: World, process: Process, guard: PayoutGuard): void {
  const { log } = world;
  const note = (reference: string, what: string) => world.noteReport(reference, what);
  guard.on('settlementFailed', ({ reference, retried }) => {
    log.count('unsettled', `${reference}${retried ? '' : ', for good'}`);
    note(reference, retried ? 'unsettled' : 'unsettled for good');
  });
  guard.on('overdue', ({ hold }: GuardEvents['overdue']) => {
    process.assertOwn(hold);
    log.count('overdue', hold.reference);
    note(hold.reference, 'overdue');
  });
  guard.on('neverSeen', ({ hold: { reference } }) => {
    log.count('never seen', reference);
    note(reference, 'never seen');
  });
  guard.on('contradiction', ({ reference, wanted, found }) => {
    log.count('contradiction', `${reference} should be ${wanted}, and is ${found}`);
    note(reference, 'contradiction');
  });
  guard.on('paidAfterRelease', ({ hold: { reference } }) => {
    log.count('captured late', reference);
    note(reference, 'paid after release');
  });
  guard.on('leftOpen', ({ reference }) => note(reference, 'left open'));
  guard.on('lookupFindsNothing', () => {});
  guard.on('orphanWallet', ({ wallet }) => {
    log.count('orphan reported', wallet);
    note(wallet, 'orphan');
  });
}

/** The report that a warning stands for in the rule "nothing is silent". */
const meanings: Readonly<Record<string, string>> = {
  PAYOUT_GUARD_SETTLEMENT_FAILED: 'unsettled',
  PAYOUT_GUARD_CONTRADICTION: 'contradiction',
  PAYOUT_GUARD_PAID_AFTER_RELEASE: 'paid after release',
  PAYOUT_GUARD_LEFT_OPEN: 'left open',
};

/** Records a process warning in the middle of a history. */
export function noteWarning(world: World, code: string, message: string): void {
  // The name of an attempt is random.
  world.log.count('warned', `${code}: ${message.replace(/ \(attempt [^)]+\)/, '')}`);
  const [, reference] = /payout (\S+)/i.exec(message) ?? [];
  const meaning = meanings[code];
  if (reference && meaning) {
    const isFinal = meaning === 'unsettled' && message.includes('not tried again');
    world.noteReport(reference, isFinal ? 'unsettled for good' : meaning);
  }
  // This warning names no payout: it covers all open ones in the wallets of its guard.
  if (code === 'PAYOUT_GUARD_OVERDUE') for (const [reference] of world.wallets) world.noteReport(reference, 'overdue');
}
