// The way between a process and the shared store. A call is two messages, each as slow as the seed says, so that the calls
// of all processes interleave in every order; and each message may get lost.
import type { HoldStore, MaybePromise } from 'payout-guard';
import { atOnce } from './at-once.js';
import type { Process } from './process.js';
import type { World } from './world.js';

export function wired(world: World, process: Process, store: () => HoldStore): HoldStore {
  const call = <T>(what: string, act: () => MaybePromise<T>): Promise<T> => overWire(world, process, what, act);
  return {
    name: 'simulated',
    totals: (wallet) => call('totals', () => store().totals(wallet)),
    hold: (request) => {
      const { reference, state, amountMinor, limitMinor } = request;
      return call(`hold ${reference} ${state} ${amountMinor} up to ${limitMinor}`, () => store().hold(request));
    },
    settle: (request) => call(`${request.to} ${request.reference}`, () => store().settle(request)),
    get: (reference) => call(`get ${reference}`, () => store().get(reference)),
    list: (filter) => call('list', () => store().list(filter)),
    claimSent: (request) => call(`claim ${request.olderThanMs} ms`, () => store().claimSent(request)),
    close: async () => {},
  };
}

function overWire<T>(world: World, process: Process, what: string, act: () => MaybePromise<T>): Promise<T> {
  const { journal, random, scheduler, settings } = world;
  const latencyMs = () => random.upTo(settings.slowestStoreMs);
  const isLost = !world.isCalm && random.chance(settings.storeLoss);
  const fate = isLost
    ? random.pick(['store request lost', 'store request late', 'store answer lost'] as const)
    : 'answered';

  return new Promise((resolve, reject) => {
    if (!process.isAlive) return;
    if (fate !== 'answered') {
      journal.note(fate, `${what} of ${process.name}`);
      process.hears(latencyMs(), () => reject(new Error('The store did not answer.')));
    }
    if (fate === 'store request lost') return;
    // A late one is still in a queue when its sender has given up, and happens all the same.
    const queuedMs = fate === 'store request late' ? settings.slowestStoreMs : 0;
    scheduler.after(queuedMs + latencyMs(), () => {
      const answer = atOnce(act());
      journal.tell(`${process.name} ${what}: ${outcomeText(answer)}`);
      if (outcomeText(answer) === 'void') journal.note('void mark', what);
      if (fate === 'answered') process.hears(latencyMs(), () => resolve(answer));
    });
  });
}

function outcomeText(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return 'nothing';
  if ('outcome' in answer) return String(answer.outcome);
  if ('active' in answer && 'captured' in answer) return `${answer.active} active, ${answer.captured} captured`;
  return 'done';
}
