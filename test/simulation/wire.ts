// The network between a process and the shared store. A call is two messages with delays drawn from the seed, so that
// the calls of all processes interleave in every order. Each message may get lost.
import type { HoldRequest, HoldStore, MaybePromise } from 'payout-guard';
import { isPromise } from './answers.js';
import { maxPayoutsOfHistory } from './payrolls.js';
import type { Process } from './process.js';
import type { World } from './world.js';

/** Created once, because recording a stack for each would take longer than the rest of the message. */
const silence = new Error('The store did not answer.');

/** A store that is called over the network. */
export function wired(world: World, process: Process, store: () => HoldStore): HoldStore {
  const asked = described((what, act) =>
    overWire(
      world,
      process,
      { what, mayRepeat: mayRepeat(what) },
      () => act(store()),
      (answer) => noteAnswer(world, process, what, answer),
    ),
  );
  return ownOnly(world, process, asked);
}

/** Checks that a process settles no hold of a wallet that it does not serve. */
export function ownOnly(world: World, { name, role }: Process, store: HoldStore): HoldStore {
  // It may undo its own attempt when the reference has been given to a payout from another wallet.
  const walletOfAttempt = new Map<string, string>();
  return {
    ...store,
    hold: (request) => {
      walletOfAttempt.set(request.attempt, request.wallet);
      return store.hold(request.reference.startsWith('batch of ') ? shortLived(world, request) : request);
    },
    holdAll: (request) => {
      walletOfAttempt.set(request.attempt, request.wallet);
      return store.holdAll(request);
    },
    settle: (request) => {
      const { reference, attempt, to } = request;
      const wallet = (attempt !== undefined && walletOfAttempt.get(attempt)) || world.walletOf(reference);
      if (wallet !== undefined && (role.impostor || !role.wallets.includes(wallet))) {
        world.report('foreign', `${name} wanted ${reference} of ${wallet} to be ${to}`);
      }
      return store.settle(request);
    },
  };
}

/** The store of a process, which notes the batches that are all or none. */
export function notingBatches({ batches }: World, store: HoldStore): HoldStore {
  return {
    ...store,
    holdAll: (request) => {
      const { attempt, payouts, policy } = request;
      const references = payouts.map(({ reference }) => reference);
      if (policy === 'all') batches.set(`${attempt} ${references[0]}`, { attempt, references });
      return store.holdAll(request);
    },
  };
}

/** The sum of a payroll, which sometimes expires while it is divided. */
function shortLived({ log, random, settings }: World, request: HoldRequest): HoldRequest {
  if (!random.chance(0.3)) return request;
  log.count('short-lived sum of a payroll', request.reference);
  return { ...request, expiresInMs: random.upTo(4 * settings.slowestStoreMs) };
}

/** Makes a call. `what` describes it. */
type Call = <T>(what: string, act: (store: HoldStore) => MaybePromise<T>) => Promise<T>;

/** A store whose calls are described for the event log. */
export function described(call: Call): HoldStore {
  return {
    name: 'simulated',
    limits: 'durable',
    maxPayouts: maxPayoutsOfHistory,
    totals: (wallet) => call(`totals ${wallet}`, (store) => store.totals(wallet)),
    hold: (request) => {
      const { reference, state, amountMinor, limitMinor } = request;
      return call(`hold ${reference} ${state} ${amountMinor} up to ${limitMinor}`, (store) => store.hold(request));
    },
    holdAll: (request) => {
      const { policy, payouts, limitMinor, from } = request;
      const source = from ? `out of ${from.reference}` : `up to ${limitMinor}`;
      const what = `hold ${policy} of ${payouts.map(({ reference }) => reference).join(' ')} ${source}`;
      return call(what, (store) => store.holdAll(request));
    },
    settle: (request) => call(`${request.to} ${request.reference}`, (store) => store.settle(request)),
    get: (reference) => call(`get ${reference}`, (store) => store.get(reference)),
    list: (filter) => call('list', (store) => store.list(filter)),
    claim: (request) => call(`claim ${request.olderThanMs} ms`, (store) => store.claim(request)),
    freeze: (wallet, reason) => call(`freeze ${wallet}`, (store) => store.freeze(wallet, reason)),
    acceptLimits: (wallet) => call(`accept limits of ${wallet}`, (store) => store.acceptLimits?.(wallet)),
    note: (key) => call(`note ${shortened(key)}`, (store) => store.note(key)),
    swapNote: (key, expected, value) => call(`swap ${shortened(key)}`, (store) => store.swapNote(key, expected, value)),
    close: async () => {},
  };
}

/** The ways to lose a message. Writes are late more often, because having no effect then is the harder promise. */
const ways = {
  read: ['store request lost', 'store request late', 'store answer lost'],
  write: ['store request lost', 'store request late', 'store request late', 'store request late', 'store answer lost'],
} as const;

/** A message, described by `what`. The client library may send a repeatable one again. */
interface Message {
  readonly what: string;
  readonly mayRepeat: boolean;
}

/** A request, its effect on arrival, and the answer. The step waits for real work, during which no time passes. */
export function overWire<T>(
  world: World,
  process: Process,
  { what, mayRepeat }: Message,
  act: () => MaybePromise<T>,
  onAnswer: (answer: T) => void = () => {},
): Promise<T> {
  const { log, memory, random, scheduler, settings } = world;
  const latencyMs = () => random.upTo(memory.slowestMs());
  if (settings.storeOutages > 0 && isVerdict(what)) world.silenceStore(0.25);
  const isSilent = scheduler.now() < world.silentUntilMs;
  const isLost = !world.isCalm && !memory.isRecovering && (isSilent || random.chance(settings.storeLoss));
  const fate = isLost ? random.pick(ways[mayRepeat ? 'write' : 'read']) : 'answered';
  const mayDouble = fate === 'answered' && mayRepeat && !world.isCalm && settings.storeLoss > 0;
  const isDoubled = mayDouble && random.chance(4 * settings.storeLoss);

  return new Promise((resolve, reject) => {
    if (!process.isAlive) return;
    if (fate !== 'answered') {
      log.count(fate, `${what} of ${process.name}`);
      process.after(memory.unheardMs(), () => reject(silence));
    }
    if (fate === 'store request lost') return;
    // A client takes the answer of either copy.
    let copies = isDoubled ? random.between(1, 2) : 1;
    const deliver = (reply: () => void) => {
      if (fate === 'answered' && --copies === 0) process.after(latencyMs(), reply);
    };
    const answered = (answer: T) => {
      onAnswer(answer);
      deliver(() => resolve(answer));
    };
    // A late request is still queued when its sender has given up, and takes effect anyway.
    const queuedMs = fate === 'store request late' ? memory.queuedMs() : 0;
    const arrive = () => {
      world.hasChanged = true;
      const answer = attempted(act);
      if (isPromise(answer)) scheduler.waitFor(answer.then(answered, (error) => deliver(() => reject(error))));
      else answered(answer);
    };
    scheduler.after(queuedMs + latencyMs(), arrive);
    if (!isDoubled) return;
    log.count('store request doubled', `${what} of ${process.name}`);
    scheduler.after(random.pick([latencyMs(), memory.queuedMs()]) + latencyMs(), arrive);
  });
}

/** State changes of a hold by its attempt. Without a header, nothing else is safe to repeat. */
function mayRepeat(what: string): boolean {
  return isVerdict(what) || what.startsWith('returned ');
}

/** True if the loss of the message must be reported. */
function isVerdict(what: string): boolean {
  return /^(sent|captured|released|failed) /.test(what);
}

/** An error that the store throws synchronously is an answer as well. */
function attempted<T>(act: () => MaybePromise<T>): MaybePromise<T> {
  try {
    return act();
  } catch (error) {
    return Promise.reject(error);
  }
}

export function noteAnswer({ log }: World, process: Process, what: string, answer: unknown): void {
  log.trace(`${process.name} ${what}: ${outcomeText(answer)}`);
  if (outcomeText(answer) === 'stale_epoch') log.count('stale epoch', what);
}

function outcomeText(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return 'nothing';
  if ('outcome' in answer) return String(answer.outcome);
  if ('active' in answer && 'captured' in answer) return `${answer.active} active, ${answer.captured} captured`;
  return 'done';
}

/** Shortens keys of notes, which contain hashes of accounts. */
function shortened(key: string): string {
  return key.slice(0, 40);
}
