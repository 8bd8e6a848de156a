// Two services with one wallet each and one with both, on one store: their payouts, webhooks that arrive at the wrong
// service, freezes, a crash, and a service with the wrong account. Resolves to the answers and the output of each, and
// to the records of the providers.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HoldRecord, WalletTotals } from 'payout-guard';
import { interswitchSimulator, jpaySimulator } from 'payout-guard/testing';
import { allHolds } from '../faults/checker.js';
import { startEngine } from '../faults/engines.js';
import type { EngineName } from '../faults/messages.js';
import { EngineProxy } from '../faults/proxy.js';
import { CallableProcess } from './calls.js';
import { Recorder } from './recorder.js';
import type { Payout, ServiceSetup, WalletCalls, WalletKey } from './wallet-service.js';

export type ServiceName = 'kes' | 'ugx' | 'both' | 'wrong';
type Service = CallableProcess<WalletCalls>;

export interface Story {
  /** The refusals of calls that a service must refuse, by a description of the call. */
  readonly refusals: Readonly<Record<string, string | undefined>>;
  readonly funds: readonly string[];
  /** The holds that each service lists after the crash. */
  readonly listed: Readonly<Record<'kes' | 'ugx', readonly string[]>>;
  /** Everything that each service printed. */
  readonly printed: Readonly<Record<ServiceName, readonly string[]>>;
  /** The references of the look-ups at each provider. */
  readonly lookedUp: Readonly<Record<WalletKey, readonly string[]>>;
  /** The payouts of each provider, as `reference amount status`. */
  readonly books: Readonly<Record<WalletKey, readonly string[]>>;
  /** The number of requests to the provider of the wrong account. */
  readonly wrongRequests: number;
  readonly holds: ReadonlyMap<string, HoldRecord>;
  readonly totals: Readonly<Record<WalletKey, WalletTotals>>;
  /** The problems with the ends of the processes. */
  readonly ends: readonly string[];
}

/** Payouts that each service makes concurrently from each of its wallets. */
export const perService = 8;
/** Limit of every wait, in milliseconds. Only a hang takes as long. */
const patienceMs = 90_000;

/** Amounts of payouts of both wallets, with the decimals of their currencies. */
export const amountOf: Readonly<Record<WalletKey, (number: number) => string>> = {
  'jpay-kes': (number) => `${1_500 + number}.00`,
  'isw-ugx': (number) => `${150_000 + number}`,
};

const prefixOf: Readonly<Record<WalletKey, string>> = { 'jpay-kes': 'kes', 'isw-ugx': 'ugx' };

function payout(wallet: WalletKey, name: string, number: number): Payout {
  return { wallet, reference: `${prefixOf[wallet]}-${name}-${number}`, amount: amountOf[wallet](number) };
}

/** The reference of a payout determines its outcome. */
function outcomeOf(reference: string): 'completed' | 'failed' {
  return reference.includes('fails') ? 'failed' : 'completed';
}

export async function runStory(name: EngineName): Promise<Story> {
  const opened: { close(): Promise<unknown> }[] = [];
  const keep = <T extends { close(): Promise<unknown> }>(resource: T): T => {
    opened.push(resource);
    return resource;
  };
  try {
    const engine = keep(await startEngine(name, false));
    const witness = keep(await engine.prepare('wallets', 0));
    const proxy = keep(await EngineProxy.open(engine.path));
    const rules = { settleAfterMs: 300, fee: '0' };
    const kes = keep(
      await jpaySimulator({
        ...rules,
        payout: '100000.00',
        callback: 'none',
        outcomeOf: ({ refNo }) => outcomeOf(refNo),
      }),
    );
    const ugx = keep(
      await interswitchSimulator({
        ...rules,
        available: '10000000',
        outcomeOf: ({ requestReference }) => outcomeOf(requestReference),
      }),
    );
    const wrongKes = keep(await jpaySimulator({ payout: '100000.00', callback: 'none' }));
    const atKes = keep(await Recorder.open(kes.url));
    const atUgx = keep(await Recorder.open(ugx.url));

    const start = async (wallets: ServiceSetup['wallets'], client: 'ioredis' | 'node-redis'): Promise<Service> => {
      const store = { engine: name, space: 'wallets', recoveryMs: 0, client, port: proxy.port };
      const { appKey, appSecret } = kes;
      const setup: ServiceSetup = { store, wallets, appKey, appSecret, accessToken: kes.accessToken() };
      const service = await CallableProcess.start<WalletCalls>(new URL('wallet-service.ts', import.meta.url), {
        SERVICE: JSON.stringify(setup),
      });
      keep({ close: () => service.kill() });
      return service;
    };
    const [a, b, c] = await Promise.all([
      start({ 'jpay-kes': atKes.url }, 'ioredis'),
      start({ 'isw-ugx': atUgx.url }, 'node-redis'),
      start({ 'jpay-kes': atKes.url, 'isw-ugx': atUgx.url }, 'ioredis'),
    ]);
    const refusals: Record<string, string | undefined> = {};

    // Concurrent payouts of all three services. Both providers accept them, and end them later.
    const numbers = Array.from({ length: perService }, (_, index) => index);
    const nameOf = (name: string, number: number) => (number === perService - 1 ? `${name}-fails` : name);
    const first = numbers.flatMap((number) => [
      { service: a, payout: payout('jpay-kes', nameOf('a', number), number) },
      { service: b, payout: payout('isw-ugx', nameOf('b', number), number) },
      { service: c, payout: payout('jpay-kes', nameOf('c', number), number) },
      { service: c, payout: payout('isw-ugx', nameOf('c', number), number) },
    ]);
    const states = await Promise.all(first.map(({ service, payout }) => service.call('pay', payout)));
    if (states.some((state) => state !== 'sent')) throw new Error(`the payouts are ${states}`);

    // Webhooks at the wrong service.
    const foreign = [
      { who: 'kes', service: a, reference: 'ugx-b-0' },
      { who: 'kes', service: a, reference: 'ugx-c-0' },
      { who: 'ugx', service: b, reference: 'kes-a-0' },
      { who: 'ugx', service: b, reference: 'kes-c-0' },
    ];
    for (const { who, service, reference } of foreign) {
      for (const call of ['reconcile', 'capture', 'release', 'getHold'] as const) {
        refusals[`${who}: ${call} ${reference}`] = await service.refusalOf(call, reference);
      }
    }

    // All services look up every payout, and webhooks arrive at the right service, until no payout is open.
    const isOpen = async () => [...(await allHolds(witness.store)).values()].some(({ state }) => state === 'sent');
    await until(async () => {
      await Promise.all([
        ...[a, b, c].map((service) => service.call('reconcile')),
        ...first.map(({ service, payout: { reference } }) => service.call('reconcile', reference)),
      ]);
      return !(await isOpen());
    });

    // An empty or frozen wallet does not affect the other one.
    const large = { wallet: 'jpay-kes', reference: 'kes-a-large', amount: '99999.00' } as const;
    refusals['kes: pay more than the wallet has'] = await a.refusalOf('pay', large);
    refusals['both: pay as much from the other wallet'] = await c.refusalOf('pay', payout('isw-ugx', 'large', 1));
    await a.call('freeze', 'jpay-kes');
    refusals['both: pay from the frozen wallet'] = await c.refusalOf('pay', payout('jpay-kes', 'frozen', 1));
    refusals['both: pay from the other wallet'] = await c.refusalOf('pay', payout('isw-ugx', 'frozen', 2));
    refusals['ugx: pay while the other wallet is frozen'] = await b.refusalOf('pay', payout('isw-ugx', 'frozen', 3));
    refusals['kes: freeze the wallet of the other service'] = await a.refusalOf('freeze', 'isw-ugx');
    refusals['ugx: unfreeze the wallet of the other service'] = await b.refusalOf('unfreeze', 'jpay-kes');
    refusals['both: pay from the wallet that is still frozen'] = await c.refusalOf(
      'pay',
      payout('jpay-kes', 'frozen', 4),
    );
    await c.call('unfreeze', 'jpay-kes');
    refusals['kes: pay after the wallet was unfrozen'] = await a.refusalOf('pay', payout('jpay-kes', 'unfrozen', 5));
    await until(async () => {
      await Promise.all([a, b].map((service) => service.call('reconcile')));
      return !(await isOpen());
    });

    // The service with both wallets crashes while its payouts are under way.
    await Promise.all(
      (['jpay-kes', 'isw-ugx'] as const).flatMap((wallet) => [
        ...[1, 2, 3].map((number) => c.call('beginForever', payout(wallet, 'crash', number), true)),
        c.call('beginForever', payout(wallet, 'crash-fails', 4), true),
        c.call('beginForever', payout(wallet, 'crash-unsent', 5), false),
      ]),
    );
    await c.kill();
    await until(async () => {
      const counts = await Promise.all([a, b].map((service) => service.call('reconcile')));
      const captured = [...(await allHolds(witness.store)).values()].filter(
        ({ reference, state }) => /crash-\d/.test(reference) && state === 'captured',
      );
      return captured.length === 6 && counts.every(({ open }) => open === 2);
    });

    // A service with another account under the key of the first.
    const d = await start({ 'jpay-kes': wrongKes.url }, 'ioredis');
    refusals['wrong: pay'] = await d.refusalOf('pay', payout('jpay-kes', 'wrong', 1));
    refusals['wrong: funds'] = await d.refusalOf('funds', 'jpay-kes');
    refusals['wrong: list'] = await d.refusalOf('list');
    refusals['wrong: freeze'] = await d.refusalOf('freeze', 'jpay-kes');
    for (const call of ['reconcile', 'capture', 'release', 'getHold'] as const) {
      refusals[`wrong: ${call} a payout under way`] = await d.refusalOf(call, 'kes-crash-unsent-5');
    }
    const reconciled = await d.call('reconcile');
    if (reconciled.open + reconciled.captured + reconciled.released > 0) throw new Error('payouts were looked up');

    const funds = [await a.call('funds', 'jpay-kes'), await b.call('funds', 'isw-ugx')];
    const listed = { kes: await a.call('list'), ugx: await b.call('list') };
    const living = [a, b, d];
    await Promise.all(living.map((service) => service.call('close')));
    const linesOf = (service: Service) => service.stdout.split('\n').filter((line) => line !== '');
    const printed = { kes: linesOf(a), ugx: linesOf(b), both: linesOf(c), wrong: linesOf(d) };
    const ends = await Promise.all(living.map((service) => endOf(service)));
    return {
      refusals,
      funds,
      listed,
      printed,
      lookedUp: {
        'jpay-kes': atKes.requests.flatMap(({ query }) => query.get('ref_no') ?? []),
        'isw-ugx': atUgx.requests.flatMap(({ query }) => query.get('requestReference') ?? []),
      },
      books: {
        'jpay-kes': kes.payouts.map(({ refNo, amount, status }) => `${refNo} ${amount} ${status}`),
        'isw-ugx': ugx.payouts.map(({ requestReference, amount, status }) => `${requestReference} ${amount} ${status}`),
      },
      wrongRequests: wrongKes.requests.length,
      holds: await allHolds(witness.store),
      totals: {
        'jpay-kes': await witness.store.totals('jpay-kes'),
        'isw-ugx': await witness.store.totals('isw-ugx'),
      },
      ends: ends.filter((problem) => problem !== ''),
    };
  } finally {
    for (const resource of opened.reverse()) await resource.close();
  }
}

/** Waits until a process ends without a signal. Returns the problem with its end. */
async function endOf(service: Service): Promise<string> {
  service.disconnect();
  const exit = await service.end();
  if (!exit) return 'a process did not end by itself';
  return exit.code === 0 ? service.stderr : `a process ended with ${exit.code}: ${service.stderr}`;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`not so within ${patienceMs} ms`);
    await sleep(50);
  }
}
