// The overview while providers hang, stores are away and guards close.
import { describe, expect, it } from '@jest/globals';
import { createPayoutGuard, type HoldStore, memoryStore, type PayoutGuard } from 'payout-guard';
import { type PayoutConsole, payoutConsole } from 'payout-guard/console';
import { type Deferred, deferred, type ScriptedWallet, scriptedWallet, stoppedClock } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { ada } from './console-app.js';

collectWarnings();

interface View {
  readonly wallet: string;
  readonly isPending?: true;
  readonly isFreezeUnknown?: true;
  readonly frozen?: { readonly reason: string };
  readonly funds?: { readonly available: string; readonly held: string; readonly ageMs: number };
  readonly problem?: { readonly reason?: string; readonly message: string };
}
interface Overview {
  readonly isClosed: boolean;
  readonly isStoreUnreachable: boolean;
  readonly wallets: readonly View[];
}

/** Two wallets, the first of which may hang, on a clock that the test moves. */
function open(store?: HoldStore) {
  const clock = stoppedClock();
  const [slow, quick] = [scriptedWallet('100.00'), scriptedWallet('200.00')];
  const wallets = {
    slow: { provider: slow.provider, currency: 'KES' },
    quick: { provider: quick.provider, currency: 'KES' },
  };
  const guard = createPayoutGuard({ wallets, clock, store: store ?? memoryStore({ clock }) });
  const pages = payoutConsole<Request>(guard, { authorize: () => ada });
  return { clock, slow, quick, guard, pages };
}

async function overviewOf(pages: PayoutConsole): Promise<Overview> {
  return (await (await pages.fetch(new Request('http://x/api/overview'))).json()) as Overview;
}

/** The overviews of a live stream, one after the other. */
async function streamOf(pages: PayoutConsole) {
  const { body } = await pages.fetch(new Request('http://x/api/stream'));
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  const next = async (): Promise<Overview> => {
    for (;;) {
      const [, data, rest = ''] = /data: (.*?)\n\n(.*)/s.exec(text) ?? [];
      if (data !== undefined) {
        text = rest;
        return JSON.parse(data) as Overview;
      }
      const { done, value } = await reader.read();
      if (done) throw new Error('The stream ended');
      text += new TextDecoder().decode(value);
    }
  };
  return { next, close: () => reader.cancel() };
}

function hang(wallet: ScriptedWallet): Deferred<void> {
  const answer = deferred<void>();
  wallet.answer = async () => {
    await answer.promise;
    return wallet.balance;
  };
  return answer;
}

async function closed(guard: PayoutGuard, answer?: Deferred<void>): Promise<void> {
  answer?.resolve();
  await guard.close({ waitMs: 0 });
}

describe('a provider that hangs', () => {
  it('delays no other wallet, and its own wallet appears when it answers', async () => {
    const { clock, slow, guard, pages } = open();
    await guard.freeze('slow', 'audit');
    const answer = hang(slow);
    const stream = await streamOf(pages);
    const first = stream.next();
    await clock.pass(300);
    expect((await first).wallets).toMatchObject([
      { wallet: 'slow', isPending: true, frozen: { reason: 'audit' } },
      { wallet: 'quick', funds: { available: '200.00' } },
    ]);
    expect((await first).wallets[0]).not.toHaveProperty('problem');
    answer.resolve();
    const second = stream.next();
    await clock.pass(100);
    expect((await second).wallets).toMatchObject([
      { wallet: 'slow', funds: { available: '100.00' } },
      { wallet: 'quick', funds: { available: '200.00' } },
    ]);
    await stream.close();
    await closed(guard);
  });

  it('holds no heartbeat up: something is sent every 5 seconds', async () => {
    const { clock, slow, guard, pages } = open();
    const answer = hang(slow);
    const stream = await streamOf(pages);
    await clock.pass(300);
    await stream.next();
    for (let beat = 1; beat <= 3; beat++) {
      let isSent = false;
      const next = stream.next().then(() => {
        isSent = true;
      });
      await clock.pass(5_000);
      expect([beat, isSent]).toEqual([beat, true]);
      await next;
    }
    expect(slow.asked).toBeLessThanOrEqual(2);
    await stream.close();
    await closed(guard, answer);
  });

  it('holds no payout of its wallet up either: the balance that is remembered is shown, with its age', async () => {
    const { clock, slow, guard, pages } = open();
    await guard.hold({ wallet: 'slow', amount: '10.00', reference: 'a', state: 'sent' });
    const stream = await streamOf(pages);
    await stream.next();
    await clock.pass(20_000);
    const answer = hang(slow);
    await clock.pass(5_000);
    await guard.capture('a');
    await clock.pass(400);
    let overview = await stream.next();
    for (let sent = 1; sent <= 5; sent++) overview = await stream.next();
    expect(overview.wallets[0]).toMatchObject({ funds: { held: '0.00', spendable: '90.00', ageMs: 7_100 } });
    await stream.close();
    await closed(guard, answer);
  });

  it('leaves the age of other balances true: it is the one at the answer', async () => {
    const { clock, slow, quick, guard, pages } = open();
    await overviewOf(pages);
    clock.advance(1_000);
    const answer = hang(slow);
    clock.advance(9_000);
    const asked = overviewOf(pages);
    await clock.pass(300);
    expect((await asked).wallets[1]?.funds?.ageMs).toBe(300);
    expect((await asked).wallets[0]?.funds?.ageMs).toBe(10_300);
    expect(quick.asked).toBe(2);
    await closed(guard, answer);
  });
});

it('a provider that fails leaves the last balance in sight, with its age and the reason', async () => {
  const { clock, slow, guard, pages } = open();
  await overviewOf(pages);
  slow.answer = () => Promise.reject(new Error('down'));
  clock.advance(60_000);
  const { wallets } = await overviewOf(pages);
  expect(wallets[0]).toMatchObject({
    funds: { available: '100.00', ageMs: 60_000 },
    problem: { reason: 'provider_error' },
  });
  expect(wallets[0]?.problem?.message).not.toContain('payout was not approved');
  expect(wallets[1]).not.toHaveProperty('problem');
  // Not for ever.
  clock.advance(300_000);
  expect((await overviewOf(pages)).wallets[0]).not.toHaveProperty('funds');
  await closed(guard);
});

it('a store that is away leaves it unknown whether a wallet is frozen', async () => {
  const store = memoryStore();
  let isAway = false;
  const leaving = new Proxy(store, {
    get: (target, name) => {
      const value = target[name as keyof HoldStore];
      if (typeof value !== 'function') return value;
      return (...given: never[]) => {
        if (isAway) throw new Error('down');
        return (value as (...all: never[]) => unknown).apply(target, given);
      };
    },
  });
  const { guard, pages } = open(leaving);
  await guard.freeze('slow', 'audit');
  expect((await overviewOf(pages)).wallets[0]).toMatchObject({ frozen: { reason: 'audit' } });
  isAway = true;
  const overview = await overviewOf(pages);
  expect(overview.isStoreUnreachable).toBe(true);
  expect(overview.wallets).toMatchObject([{ isFreezeUnknown: true }, { isFreezeUnknown: true }]);
  expect(overview.wallets[0]).not.toHaveProperty('frozen');
  expect(overview.wallets[0]).not.toHaveProperty('funds');
  isAway = false;
  const back = await overviewOf(pages);
  expect(back.wallets[0]).toMatchObject({ frozen: { reason: 'audit' } });
  expect(back.wallets[0]).not.toHaveProperty('isFreezeUnknown');
  await closed(guard);
});

it('a guard that is closed is named as such', async () => {
  const { guard, pages } = open();
  expect((await overviewOf(pages)).isClosed).toBe(false);
  await guard.close();
  expect((await overviewOf(pages)).isClosed).toBe(true);
});
