// The way between a process and the shared store. A call is two messages, each as slow as the seed says, so that the calls
// of all processes interleave in every order; and each message may get lost.
import type { HoldStore, MaybePromise } from 'payout-guard';
import { isPromise } from './answers.js';
import type { Process } from './process.js';
import type { World } from './world.js';

/** A store that is called over the wire. */
export function wired(world: World, process: Process, store: () => HoldStore): HoldStore {
  return told((what, act) =>
    overWire(
      world,
      process,
      what,
      () => act(store()),
      (answer) => noteAnswer(world, process, what, answer),
    ),
  );
}

/** Makes a call of which something else is known than what it does. */
type Call = <T>(what: string, act: (store: HoldStore) => MaybePromise<T>) => Promise<T>;

/** A store whose calls are put in words for the journal. */
export function told(call: Call): HoldStore {
  return {
    name: 'simulated',
    totals: (wallet) => call('totals', (store) => store.totals(wallet)),
    hold: (request) => {
      const { reference, state, amountMinor, limitMinor } = request;
      return call(`hold ${reference} ${state} ${amountMinor} up to ${limitMinor}`, (store) => store.hold(request));
    },
    settle: (request) => call(`${request.to} ${request.reference}`, (store) => store.settle(request)),
    get: (reference) => call(`get ${reference}`, (store) => store.get(reference)),
    list: (filter) => call('list', (store) => store.list(filter)),
    claimSent: (request) => call(`claim ${request.olderThanMs} ms`, (store) => store.claimSent(request)),
    freeze: (wallet, reason) => call('freeze', (store) => store.freeze(wallet, reason)),
    note: (key) => call(`note ${key}`, (store) => store.note(key)),
    swapNote: (key, expected, value) => call(`swap ${key}`, (store) => store.swapNote(key, expected, value)),
    close: async () => {},
  };
}

/** A request, what it does where it arrives, and the answer. Real work is waited for: no time passes meanwhile. */
export function overWire<T>(
  world: World,
  process: Process,
  what: string,
  act: () => MaybePromise<T>,
  onAnswer: (answer: T) => void = () => {},
): Promise<T> {
  const { journal, memory, random, scheduler, settings } = world;
  const latencyMs = () => random.upTo(memory.slowestMs());
  const isLost = !world.isCalm && !memory.isRecovering && random.chance(settings.storeLoss);
  const fate = isLost
    ? random.pick(['store request lost', 'store request late', 'store answer lost'] as const)
    : 'answered';

  return new Promise((resolve, reject) => {
    if (!process.isAlive) return;
    if (fate !== 'answered') {
      journal.note(fate, `${what} of ${process.name}`);
      process.hears(memory.unheardMs(), () => reject(new Error('The store did not answer.')));
    }
    if (fate === 'store request lost') return;
    const deliver = (reply: () => void) => {
      if (fate === 'answered') process.hears(latencyMs(), reply);
    };
    const answered = (answer: T) => {
      onAnswer(answer);
      deliver(() => resolve(answer));
    };
    // A late one is still in a queue when its sender has given up, and happens all the same.
    const queuedMs = fate === 'store request late' ? memory.queuedMs() : 0;
    scheduler.after(queuedMs + latencyMs(), () => {
      const answer = act();
      if (isPromise(answer)) scheduler.waitFor(answer.then(answered, (error) => deliver(() => reject(error))));
      else answered(answer);
    });
  });
}

export function noteAnswer({ journal }: World, process: Process, what: string, answer: unknown): void {
  journal.tell(`${process.name} ${what}: ${outcomeText(answer)}`);
  if (outcomeText(answer) === 'void') journal.note('void mark', what);
}

function outcomeText(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return 'nothing';
  if ('outcome' in answer) return String(answer.outcome);
  if ('active' in answer && 'captured' in answer) return `${answer.active} active, ${answer.captured} captured`;
  return 'done';
}
