// The outcome of a Phoenix payment: the codes that count, and those that do not.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { BalanceProvider } from 'payout-guard';
import { type PhoenixOptions, type PhoenixTerminal, phoenix, phoenixTerminal } from 'payout-guard/providers/phoenix';
import type { PhoenixSimulator, PhoenixSimulatorOptions } from 'payout-guard/testing';
import { responseCodes } from '../../src/providers/interswitch/response-codes.js';
import { closeAll, quick, type RawServer, send, startPhoenix, startServer } from '../providers/support.js';
import { answeringKeyExchanges, phoenixCredentials } from '../support/phoenix.js';
import { stoppedClock } from '../support/wallet.js';
import {
  expectOnlyTheCode,
  type FaultCase,
  httpFaults,
  testThatFailuresStayApart,
  testThatFaultsAreNoAnswers,
} from './failures.js';
import { envelope, envelopeFaults } from './interswitch-lookup-support.js';
import { ask, once, wordOf } from './support.js';

afterEach(closeAll);

const statusPath = '/sente/status';
const minuteMs = 60_000;

interface World {
  readonly simulator: PhoenixSimulator;
  readonly terminal: PhoenixTerminal;
  readonly provider: BalanceProvider;
  readonly pay: (requestReference?: string, amount?: string) => Promise<unknown>;
}

async function start(simulated: PhoenixSimulatorOptions = {}, options: Partial<PhoenixOptions> = {}): Promise<World> {
  const simulator = await startPhoenix(simulated);
  const terminal = phoenixTerminal({ baseUrl: simulator.url, ...simulator.credentials(), ...quick, ...options });
  const pay = async (requestReference = 'ref-1', amount = '100') => {
    const payment = { requestReference, amount, customerId: '0770000000', paymentCode: '53046936951' };
    const { url, headers, body } = await terminal.sign({ method: 'POST', payment });
    return (await fetch(url, { method: 'POST', headers, body: body ?? '' })).json();
  };
  return { simulator, terminal, provider: terminal.provider, pay };
}

/** A provider that always gets this answer to a status call. */
async function answering(body: string, status = 200): Promise<{ provider: BalanceProvider; server: RawServer }> {
  const server = await startServer((response) => send(response, body, status));
  const fetch = answeringKeyExchanges;
  return { provider: phoenix({ baseUrl: server.url, ...phoenixCredentials, fetch, ...once }), server };
}

/** The result of a look-up for each code of docs/response-codes.md. */
const words: Record<string, string[]> = {
  completed: ['90000', '9000'],
  pending: ['90001', '90009'],
  failed: '90020 90051 90098 70061 90013 900A9 90023 70010 70017 70054 70056'.split(' '),
  unauthorized: ['90063', '90054', '90055', '700A5', '700A6'],
  forbidden: ['70026', '70027', '70028', '70029', '70030', '70031', '70037'],
  unknown: '90006 90091 90092 90096 90026 70018 30020 90094 90059 90025 90030 90052 70038 70053 70057 70058'.split(' '),
};

describe('lookup', () => {
  const table = Object.entries(words).flatMap(([word, codes]) => codes.map((code): [string, string] => [code, word]));

  it('knows every code', () => {
    expect(table.map(([code]) => code).sort()).toEqual(Object.keys(responseCodes).sort());
  });

  it.each(table)('reads %s as %s, as text and as a number', async (code, word) => {
    for (const written of /^\d+$/.test(code) ? [code, Number(code)] : [code]) {
      const { provider, server } = await answering(envelope(written));
      expect(await wordOf(provider)).toBe(word);
      // A rejected session is renewed once.
      expect(server.requests).toHaveLength(responseCodes[code]?.retry === 'renew' ? 2 : 1);
    }
  });

  it.each(['', '0', '00', '900000', '90000 ', '90051.0', 'constructor', '__proto__'])(
    'knows nothing of %j',
    async (code) => {
      expect(await wordOf((await answering(envelope(code))).provider)).toBe('unknown');
    },
  );

  it('reports the outcome of a payment', async () => {
    const { simulator, provider, pay } = await start({ openCodeOf: () => '90009' });
    expect(await ask(provider)).toEqual({ outcome: 'unknown', absent: true });
    for (const reference of ['ref-1', 'ref-2', 'ref-3']) await pay(reference);
    simulator.advance('ref-2', 'completed');
    simulator.advance('ref-3', 'failed');
    expect(await ask(provider, 'ref-1')).toEqual({ outcome: 'pending' });
    expect(await ask(provider, 'ref-2')).toEqual({ outcome: 'completed' });
    expect(await ask(provider, 'ref-3')).toEqual({ outcome: 'failed' });
    expect(await ask(provider, 'ref-4')).toEqual({ outcome: 'unknown', absent: true });
  });

  it('reports a payment that the wallet did not cover', async () => {
    const { provider, pay } = await start({ available: '50' });
    await pay();
    expect(await wordOf(provider)).toBe('failed');
  });

  it.each<PhoenixSimulatorOptions>([{ shape: 'flat' }, { amounts: 'text' }, { amounts: 'javaDouble', fee: '7' }])(
    'reads answers written as %j, and reports no debit',
    async (options) => {
      const { provider, pay } = await start(options);
      await pay();
      expect(await ask(provider)).toEqual({ outcome: 'completed' });
    },
  );

  it('counts an answer that names no payment', async () => {
    for (const requestReference of [null, undefined]) {
      expect(await wordOf((await answering(envelope('90000', { requestReference }))).provider)).toBe('completed');
      expect(await wordOf((await answering(envelope('90051', { requestReference }))).provider)).toBe('failed');
    }
  });

  it.each(['ref-2', 'REF-1', 'ref-1 ', '', 1])('does not count an answer about %j', async (requestReference) => {
    for (const code of ['90000', '90051', '90009']) {
      expect(await wordOf((await answering(envelope(code, { requestReference }))).provider)).toBe('unknown');
    }
  });

  it.each(['a b', 'a&b', 'a/b', 'a:b', 'a%41', 'a+b', 'a@b', 'x'.repeat(129), ''])(
    'does not ask about %j, under which no payment was ever signed',
    async (reference) => {
      const { provider, server } = await answering(envelope('90051', { requestReference: null }));
      expect(await wordOf(provider, reference)).toBe('unknown');
      expect(server.requests).toEqual([]);
    },
  );

  it.each(['a', 'payout-42', 'shop_7.payout', 'x'.repeat(128)])('asks about %s', async (reference) => {
    const { simulator, provider, pay } = await start();
    await pay(reference);
    expect(await wordOf(provider, reference)).toBe('completed');
    expect(simulator.count(statusPath)).toBe(1);
  });

  it.each(['expireSessions', 'replaceSessions'] as const)('renews its session once (%s)', async (end) => {
    const { simulator, provider, pay } = await start();
    await pay();
    simulator[end]();
    expect(await wordOf(provider)).toBe('completed');
    expect([simulator.count('/client/doKeyExchange'), simulator.count(statusPath)]).toEqual([2, 2]);
  });
});

describe('an answer with an error status', () => {
  it.each<[number, string, string]>([
    [400, envelope('90051'), 'failed'],
    [404, envelope('90025'), 'unknown'],
    [500, envelope('90020'), 'failed'],
    [400, envelope('90009'), 'pending'],
    [401, envelope('90063'), 'unauthorized'],
    // It must name the payment and must not contradict itself.
    [400, envelope('90051', { requestReference: null }), 'unknown'],
    [400, envelope('90051', { requestReference: 'ref-2' }), 'unknown'],
    [500, envelope('90000'), 'provider_error'],
    [400, envelope('90000'), 'provider_error'],
    [500, envelope('failed'), 'provider_error'],
    [404, '<html>ref-1: 90051</html>', 'provider_error'],
    [302, envelope('90051'), 'provider_error'],
    [429, envelope('90051'), 'rate_limited'],
  ])('%i with %s', async (status, body, word) => {
    expect(await wordOf((await answering(body, status)).provider)).toBe(word);
  });
});

describe('a payment that is not found', () => {
  const absent = { outcome: 'unknown', absent: true };

  it('is absent, at any time and number of calls: it may still be under way', async () => {
    const clock = stoppedClock();
    const { provider, pay } = await start({}, { clock });
    for (const waitMs of [0, 0, 5 * minuteMs, 60 * minuteMs, 10_000 * minuteMs]) {
      clock.advance(waitMs);
      expect(await ask(provider)).toEqual(absent);
    }
    await pay();
    expect(await ask(provider)).toEqual({ outcome: 'completed' });
  });

  it.each<[number, object, object]>([
    [200, { requestReference: 'ref-1' }, absent],
    [200, { requestReference: null }, absent],
    [404, { requestReference: 'ref-1' }, absent],
    [404, { requestReference: null }, { outcome: 'unknown' }],
    [200, { requestReference: 'ref-2' }, { outcome: 'unknown' }],
    [404, { requestReference: 'ref-2' }, { outcome: 'unknown' }],
  ])('is absent only by an answer about it: status %i, %j', async (status, changes, expected) => {
    expect(await ask((await answering(envelope('90025', changes), status)).provider)).toEqual(expected);
  });

  it.each(words.unknown ?? [])('is absent on 90025 only, and not on %s', async (code) => {
    const answer = await ask((await answering(envelope(code))).provider);
    expect(answer).toEqual(code === '90025' ? absent : { outcome: 'unknown' });
  });
});

describe('a failure', () => {
  const sentence: FaultCase = ['a sentence', { kind: 'body', body: 'Cannot Continue with Check Status' }, 'malformed'];
  testThatFaultsAreNoAnswers([...httpFaults, ...envelopeFaults, sentence], statusPath, async (network) => {
    const world = await start({ outcomeOf: () => 'failed' }, network);
    await world.pay();
    return world;
  });

  it('names the code that needs an operator, and nothing else of the answer', async () => {
    const { provider } = await answering(envelope('90055', { responseMessage: 'secret of the body' }));
    await expectOnlyTheCode(provider, '90055', 'secret of the body');
  });

  testThatFailuresStayApart(statusPath, (network) => start({}, network), { currency: 'UGX', available: '250000' });
});
