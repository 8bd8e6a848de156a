// The age of a balance: measured on a monotonic clock, and compared with the time that the provider reports.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { GuardOptions, PayoutGuard, WalletSettings } from 'payout-guard';
import { httpProvider } from 'payout-guard/providers/http';
import { z } from 'zod';
import { stoppedClock, type TestClock } from '../support/wallet.js';
import { closeAll, failureOf, guardOf, quick, type RawServer, send, startServer } from './support.js';

afterEach(closeAll);

interface World {
  readonly clock: TestClock;
  readonly server: RawServer;
  readonly guard: PayoutGuard;
  /** The next answers. */
  readonly answer: { available: string; asOfMs?: number | undefined };
  /** Runs during a request. */
  meanwhile: () => void;
}

async function start(options: Partial<GuardOptions & WalletSettings> = {}): Promise<World> {
  const clock = stoppedClock();
  const answer: World['answer'] = { available: '1000.00' };
  const server = await startServer((response) => {
    world.meanwhile();
    send(response, JSON.stringify(answer));
  });
  const provider = httpProvider({
    name: 'shop',
    url: server.url,
    schema: z.object({ available: z.string(), asOfMs: z.string().optional() }),
    select: ({ available, asOfMs }) => ({
      available,
      currency: 'KES',
      asOfMs: asOfMs === undefined ? undefined : Number(asOfMs),
    }),
    ...quick,
  });
  const world: World = { clock, server, answer, meanwhile: () => {}, guard: guardOf(provider, { clock, ...options }) };
  return world;
}

const stale = { code: 'balance_unavailable', reason: 'stale', status: 503 };
const minutesMs = 60_000;

describe('a balance with the time of the provider', () => {
  it.each([
    ['now', 0],
    ['10 s old', -10_000],
    ['a minute ahead, as a clock may be', 60_000],
  ])('is used when it is %s', async (_, asOfMs) => {
    const { clock, guard, answer } = await start();
    answer.asOfMs = clock.now() + asOfMs;
    expect((await guard.checkFunds('1000.00')).sufficient).toBe(true);
  });

  it.each([
    ['10.001 s old', -10_001],
    ['238 s old', -238_000],
    ['more than a minute ahead', 60_001],
    ['an hour ahead', 60 * minutesMs],
    ['a century ahead', 36_525 * 24 * 60 * minutesMs],
  ])('is refused when it is %s', async (_, asOfMs) => {
    const { clock, guard, answer } = await start();
    answer.asOfMs = clock.now() + asOfMs;
    expect(await failureOf(guard.checkFunds('0.01'))).toMatchObject(stale);
    answer.asOfMs = clock.now();
    expect((await guard.checkFunds('1000.00')).sufficient).toBe(true);
  });

  it('names the reason when its time lies in the future', async () => {
    const { clock, guard, answer } = await start();
    answer.asOfMs = clock.now() + 60 * minutesMs;
    expect((await failureOf(guard.checkFunds('0.01'))).message).toContain('its time lies in the future');
  });

  it('may be as old as visibilityLagMs allows', async () => {
    const { clock, guard, answer } = await start({ visibilityLagMs: 5 * minutesMs });
    answer.asOfMs = clock.now() - 5 * minutesMs;
    expect((await guard.checkFunds('1000.00')).sufficient).toBe(true);
    answer.asOfMs -= 1;
    expect(await failureOf(guard.checkFunds('0.01'))).toMatchObject(stale);
  });
});

describe('a clock that steps', () => {
  // 238 s pass while the time of day is set back by as much. By the time of day, no time has passed.
  const passUnseen = (clock: TestClock) => {
    clock.advance(238_000);
    clock.step(-238_000);
  };

  it('does not make an answer fresh that took 238 s', async () => {
    const world = await start();
    world.meanwhile = () => passUnseen(world.clock);
    expect(await failureOf(world.guard.checkFunds('0.01'))).toMatchObject(stale);
    world.meanwhile = () => {};
    expect((await world.guard.checkFunds('1000.00')).sufficient).toBe(true);
  });

  it('does not make a cached balance fresh that is 238 s old', async () => {
    const { clock, server, guard, answer } = await start({ cache: { maxAgeMs: 2 * minutesMs } });
    expect((await guard.checkFunds('1000.00')).sufficient).toBe(true);
    passUnseen(clock);
    answer.available = '0.00';
    expect(await guard.checkFunds('1000.00')).toMatchObject({ sufficient: false, available: '0.00' });
    expect(server.requests).toHaveLength(2);
  });

  it('does not approve on such a balance when the provider is unavailable', async () => {
    const { clock, server, guard } = await start({ cache: { maxAgeMs: 2 * minutesMs } });
    expect((await guard.checkFunds('1000.00')).sufficient).toBe(true);
    passUnseen(clock);
    await server.close();
    expect(await failureOf(guard.checkFunds('0.01'))).toMatchObject({ code: 'balance_unavailable', reason: 'network' });
  });

  it('does not make an answer stale that took no time', async () => {
    const world = await start({ cache: { maxAgeMs: 2 * minutesMs } });
    world.meanwhile = () => world.clock.step(60 * minutesMs);
    expect((await world.guard.checkFunds('1000.00')).sufficient).toBe(true);
    world.clock.step(-120 * minutesMs);
    expect((await world.guard.checkFunds('1000.00')).sufficient).toBe(true);
    expect(world.server.requests).toHaveLength(1);
    world.clock.advance(7_000);
    expect(await world.guard.funds()).toMatchObject({ ageMs: 7_000 });
  });
});
