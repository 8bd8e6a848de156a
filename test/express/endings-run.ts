// Runs one row of `endings.ts`: an API in one process, and the retry in another process on the same store.
import type { PayoutGuard } from 'payout-guard';
import type { StoreOfTest } from '../support/every-store.js';
import { type Framework, listen } from './api.js';
import type { Ending } from './endings.js';
import { RequestUnderTest } from './endings-request.js';
import { inMemory, type Outcome, plain, reference, World } from './endings-world.js';

/** Calls `open` once in memory, and otherwise for each of the two processes. */
export async function runEnding(
  express: Framework,
  ending: Ending,
  atTheEnd: (close: () => unknown) => void,
  open: StoreOfTest['open'] = inMemory,
): Promise<Outcome> {
  const world = new World(ending, open);
  const first = world.guard(world.store);
  const second = world.guard(open === inMemory ? world.inner : open(world.kes.clock));
  atTheEnd(() => Promise.all([first.close({ waitMs: 0 }), second.close({ waitMs: 0 })]));

  const request = new RequestUnderTest(world, ending, first);
  const { post } = await listen(request.app(express), atTheEnd);
  const asked = post({ reference });
  await request.meet(asked);
  const answer = await request.answerTo(asked);
  await world.settled();
  const { made } = world;
  const hold = await statesOf(second, ending);

  const retry = new RequestUnderTest(world, { ...plain, route: ending.route }, second);
  const askedAgain = (await listen(retry.app(express), atTheEnd)).post({ reference });
  await retry.meet(askedAgain);
  const again = await askedAgain.answer;
  await world.settled();
  const shown = again.status === 201 ? 'paid' : `${again.status} ${again.code}`;
  return { hold, answer, retry: shown, made, madeAgain: world.made - made };
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
