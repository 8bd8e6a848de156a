// Runs one row of `table.ts`: an API in one process, and the retry in another process on the same store.
import type { PayoutGuard } from 'payout-guard';
import type { TestClock } from '../../support/clock.js';
import type { StoreOfTest } from '../../support/every-store.js';
import type { Driver } from './driver.js';
import type { Ending } from './ending.js';
import { RequestUnderTest } from './request.js';
import { inMemory, type Outcome, plain, reference, World } from './world.js';

/** Calls `open` once in memory, and otherwise for each of the two processes. */
export async function runEnding(
  driver: Driver,
  ending: Ending,
  atTheEnd: (close: () => unknown) => void,
  open: StoreOfTest['open'] = inMemory,
): Promise<Outcome> {
  const world = new World(ending, open);
  const first = world.guard(world.store);
  const second = world.guard(open === inMemory ? world.inner : open(world.kes.clock));
  atTheEnd(() => Promise.all([first.close({ waitMs: 0 }), second.close({ waitMs: 0 })]));

  const request = new RequestUnderTest(world, ending, first);
  const { post } = await driver.serve(request, atTheEnd);
  const ask = () => post({ reference, ...(ending.meanwhile === 'the request has no amount' && { body: {} }) });
  const asked = ask();
  await request.meet(asked, ask);
  const answer = await request.answerTo(asked, driver.waitsForAnswer === true);
  await world.settled();
  const { made } = world;
  const hold = await statesOf(second, ending);

  world.recover();
  const retry = new RequestUnderTest(world, { ...plain, route: ending.route }, second);
  const served = await driver.serve(retry, atTheEnd);
  const askAgain = () => served.post({ reference });
  const askedAgain = askAgain();
  await retry.meet(askedAgain, askAgain);
  const again = await askedAgain.answer;
  await world.settled();
  const shown = again.status === 201 ? 'paid' : `${again.status} ${again.code}`;
  const madeAgain = world.made - made;
  const unreported = await unreportedBy(second, world.kes.clock);
  return { hold, answer, repeated: request.repeated, retry: shown, made, madeAgain, unreported };
}

/** Lets the open payouts become overdue, and returns those that the guard does not report. Reservations expire. */
async function unreportedBy(guard: PayoutGuard, clock: TestClock): Promise<string[]> {
  const reported = new Set<string>();
  guard.on('overdue', ({ hold }) => reported.add(hold.reference));
  clock.advance(300_000);
  await guard.reconcile();
  const { holds } = await guard.listHolds();
  const open = holds.filter(({ state }) => state === 'reserved' || state === 'sent');
  return open.map((hold) => hold.reference).filter((one) => !reported.has(one));
}

/** Both holds of a route with two. */
async function statesOf(guard: PayoutGuard, { route }: Ending): Promise<string> {
  const references = route === 'requireSufficientFunds twice' ? [reference, `${reference}/2`] : [reference];
  const states = references.map(async (one) => {
    const hold = await guard.getHold(one);
    return hold?.failed ? 'failed' : (hold?.state ?? 'none');
  });
  return (await Promise.all(states)).join(', ');
}
