// Sessions of Phoenix: exchanged once, reused for a while, replaced once when rejected, and never invented.
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type PhoenixOptions, phoenix } from 'payout-guard/providers/phoenix';
import type { PhoenixSimulatorOptions } from 'payout-guard/testing';
import { byBudget } from '../support/budget.js';
import { stoppedClock } from '../support/wallet.js';
import { ask, asked, expectRenewalAfter, paths, terminal } from './phoenix-sessions-support.js';
import { expectSharedRequest } from './shared-request.js';
import { closeAll, failureOf, guardOf, quick, startPhoenix } from './support.js';

afterEach(closeAll);

const minuteMs = 60_000;
const concurrent = byBudget({ small: 200, large: 1_000 });

/** A `fetch` that records the references of balance requests. */
function noting(references: string[]): typeof fetch {
  return (input, init) => {
    const url = new URL(String(input));
    if (url.pathname.endsWith(paths.balance)) references.push(url.searchParams.get('requestReference') ?? '');
    return fetch(input, init);
  };
}

describe('a session', () => {
  it('is exchanged once for many checks at once, and so is the balance', async () => {
    const { simulator, provider } = await terminal();
    const { checkFunds } = guardOf(provider, { cache: {} });
    const decisions = await Promise.all(Array.from({ length: concurrent }, () => checkFunds('1000')));
    expect(decisions.every(({ sufficient }) => sufficient)).toBe(true);
    expect(asked(simulator)).toEqual([1, 1]);
  });

  it('is exchanged once for many balances at once', async () => {
    const { simulator, provider } = await terminal();
    const balances = await Promise.all(Array.from({ length: concurrent }, () => ask(provider)));
    expect(new Set(balances.map(({ available }) => available))).toEqual(new Set(['1000']));
    expect(asked(simulator)).toEqual([1, concurrent]);
  });

  // One terminal key in 256 begins with a zero byte.
  it('is exchanged many times in a row without a failure', async () => {
    const clock = stoppedClock();
    const { simulator, provider } = await terminal({ clock, sessionLifeMs: 3_600_000 }, { clock });
    const rounds = byBudget({ small: 50, large: 1_000 });
    for (let round = 0; round < rounds; round += 1) {
      expect((await ask(provider)).available).toBe('1000');
      clock.advance(10 * minuteMs);
    }
    expect(asked(simulator)).toEqual([rounds, rounds]);
  });

  it.each(['compressed', 'uncompressed'] as const)(
    'works when the shared X coordinate begins with zeros (%s points)',
    async (form) => {
      const { simulator, checkFunds } = await terminal({ leadingZeroKeys: true, point: form }, { pointForm: form });
      for (let round = 0; round < 3; round += 1) {
        expect((await checkFunds('1000')).sufficient).toBe(true);
        simulator.expireSessions();
      }
      expect(asked(simulator)).toEqual([3, 5]);
    },
  );

  const forms: [Partial<PhoenixOptions>, PhoenixSimulatorOptions][] = [
    [{ timestamp: 'iso' }, { timestampToleranceMs: 1_000 }],
    [{ timestamp: 'seconds' }, { timestampToleranceMs: 1_000 }],
    [{ passwordForm: 'upperHex' }, { passwordForm: 'upperHex' }],
    [{ passwordForm: 'base64OfHex' }, { passwordForm: 'base64OfHex' }],
    [{ tokenIv: 'zero' }, {}],
    [{ signedScheme: 'https' }, {}],
    [{ gprsCoordinate: '0.3,32.5', appVersion: '1' }, { refuseRepeatedNonces: true }],
    [{ serialId: 'a device, with blanks & signs' }, { serialId: 'a device, with blanks & signs' }],
    [{ password: '  simulated-password\n' }, {}],
  ];
  it.each(forms)('works with %j against %j', async (options, simulated) => {
    const { simulator, provider, checkFunds } = await terminal(simulated, options);
    expect((await checkFunds('1000')).sufficient).toBe(true);
    await ask(provider);
    expect(asked(simulator)).toEqual([1, 2]);
  });

  it('works where signatures name the public address of a proxy', async () => {
    const publicUrl = 'https://services.example.com/api/v1/phoenix';
    const simulator = await startPhoenix({ publicUrl });
    const forwarding: typeof fetch = (input, init) => fetch(String(input).replace(publicUrl, simulator.url), init);
    const provider = phoenix({ baseUrl: publicUrl, ...simulator.credentials(), ...quick, fetch: forwarding });
    expect((await ask(provider)).available).toBe('250000');
  });

  it.each(['PKCS#1', 'PKCS#8 in base64', 'a KeyObject'])('is signed with a key given as %s', async (form) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    expect(publicKey.asymmetricKeyType).toBe('rsa');
    const simulator = await startPhoenix({
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    });
    const given = {
      'PKCS#1': privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      'PKCS#8 in base64': privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
      'a KeyObject': privateKey,
    }[form];
    const options = { ...simulator.credentials(), privateKey: given ?? '' };
    expect((await ask(phoenix({ baseUrl: simulator.url, ...options }))).available).toBe('250000');
  });

  it('is used for ten minutes, or as long as the options allow', async () => {
    for (const [options, lifeMs] of [
      [{}, 10 * minuteMs],
      [{ sessionMaxMs: 10_000 }, 10_000],
    ] as const) {
      await expectRenewalAfter(lifeMs, await terminal({ sessionLifeMs: 24 * 60 * minuteMs }, options));
    }
  });

  it('is renewed a minute before Phoenix ends it', async () => {
    await expectRenewalAfter(4 * minuteMs, await terminal({ sessionLifeMs: 5 * minuteMs }));
  });

  it.each<[string, unknown, number]>([
    ['in UTC', '2023-11-14T22:18:20Z', 4 * minuteMs],
    ['without a zone', '2023-11-14T22:18:20', 4 * minuteMs],
    ['with a blank', '2023-11-14 22:18:20.123456', 4 * minuteMs + 123],
    ['in Kampala', '2023-11-15T01:18:20+03:00', 4 * minuteMs],
    ['in Kampala, in short', '2023-11-15T01:18:20+0300', 4 * minuteMs],
    ['that is over', '2023-11-14T22:13:19Z', 10 * minuteMs],
    ['within the minute', '2023-11-14T22:14:19Z', 10 * minuteMs],
    ['in a year', '2024-11-14T22:14:19Z', 10 * minuteMs],
    ['in words', 'Tomorrow', 10 * minuteMs],
    ['in digits', 1_700_000_300_000, 10 * minuteMs],
    ['that is no day', '2023-13-45T22:18:20Z', 10 * minuteMs],
    ['of null', null, 10 * minuteMs],
    ['that is left out', undefined, 10 * minuteMs],
  ])('with an end %s is used accordingly', async (_, expireTime, usedMs) => {
    const used = await terminal({ sessionLifeMs: 60 * minuteMs });
    used.simulator.fault({ kind: 'fields', fields: { response: { expireTime } } }, { path: paths.exchange });
    await expectRenewalAfter(usedMs, used);
  });

  it.each(['expireSessions', 'replaceSessions'] as const)(
    'that is refused (%s) is renewed once, and the balance asked for once more under its reference',
    async (end) => {
      const references: string[] = [];
      const { simulator, provider } = await terminal({}, { fetch: noting(references) });
      await ask(provider);
      simulator[end]();
      expect((await ask(provider)).available).toBe('1000');
      expect(asked(simulator)).toEqual([2, 3]);
      const [first, second, third] = references;
      expect([second === third, first === second]).toEqual([true, false]);
      expect(first).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it('that is refused is renewed once for many balances at once', async () => {
    const { simulator, provider } = await terminal();
    await ask(provider);
    simulator.replaceSessions();
    await Promise.all(Array.from({ length: 50 }, () => ask(provider)));
    expect(asked(simulator)).toEqual([2, 101]);
  });

  it('that is refused again and again is unauthorized, after one renewal for each balance', async () => {
    const { simulator, checkFunds } = await terminal();
    for (const code of ['90063', '90054']) simulator.respondWith({ code });
    const error = await failureOf(checkFunds('1'));
    expect(error).toMatchObject({ reason: 'unauthorized', status: 503 });
    expect(error.message).toContain('(code 90054)');
    expect(asked(simulator)).toEqual([2, 2]);
    for (let round = 0; round < 5; round += 1) await failureOf(checkFunds('1'));
    expect(asked(simulator)).toEqual([7, 12]);
  });

  it('is renewed once for a balance, not once for each of its attempts', async () => {
    const { simulator, checkFunds } = await terminal();
    simulator.fault({ kind: 'status', status: 500 }, { times: 1 });
    simulator.respondWith({ code: '90063' }, { times: 1 });
    simulator.respondWith({ code: '90091' }, { times: 1 });
    simulator.respondWith({ code: '90063' });
    expect(await failureOf(checkFunds('1'))).toMatchObject({ reason: 'unauthorized' });
    expect(asked(simulator)).toEqual([2, 4]);
  });

  it('of two processes that end those of each other is renewed each time', async () => {
    const { simulator, provider } = await terminal();
    const other = phoenix({ baseUrl: simulator.url, ...simulator.credentials(), ...quick });
    for (let round = 0; round < 5; round += 1) {
      expect((await ask(provider)).available).toBe('1000');
      expect((await ask(other)).available).toBe('1000');
    }
    expect(asked(simulator)).toEqual([10, 18]);
  });

  it('stays alive beside another one where Phoenix keeps both', async () => {
    const { simulator, provider } = await terminal({ sessions: 'keep' });
    const other = phoenix({ baseUrl: simulator.url, ...simulator.credentials(), ...quick });
    for (let round = 0; round < 5; round += 1) await Promise.all([ask(provider), ask(other)]);
    expect(asked(simulator)).toEqual([2, 10]);
  });

  it('that one guard waits for is not lost to another when the first is closed, or gives up', async () => {
    for (const end of ['close', 'timeout'] as const) {
      await expectSharedRequest(end, await terminal(), paths.exchange, { first: '1', staying: '1000' });
    }
  });
});
