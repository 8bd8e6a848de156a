// What became of a Phoenix payment: which code is believed, and what it takes to believe that one does not exist.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { BalanceProvider } from 'payout-guard';
import { type PhoenixOptions, type PhoenixTerminal, phoenix, phoenixTerminal } from 'payout-guard/providers/phoenix';
import type { Fault, PhoenixSimulator, PhoenixSimulatorOptions } from 'payout-guard/testing';
import { responseCodes } from '../../src/providers/shared/response-codes.js';
import {
  closeAll,
  failureOf,
  guardOf,
  quick,
  type RawServer,
  send,
  startPhoenix,
  startServer,
} from '../providers/support.js';
import { answeringKeyExchanges, phoenixCredentials } from '../support/phoenix.js';
import { stoppedClock } from '../support/wallet.js';
import { ask, lookupFailure, once, wordOf } from './support.js';

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

/** A provider that always gets this answer to a question about a payment. */
async function answering(body: string, status = 200): Promise<{ provider: BalanceProvider; server: RawServer }> {
  const server = await startServer((response) => send(response, body, status));
  const fetch = answeringKeyExchanges;
  return { provider: phoenix({ baseUrl: server.url, ...phoenixCredentials, fetch, ...once }), server };
}

const envelope = (responseCode: unknown, changes: object = {}) =>
  JSON.stringify({ responseCode, responseMessage: 'X', requestReference: 'ref-1', response: null, ...changes });

/** Section by section of docs/response-codes.md: what a lookup makes of each code. */
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
      // A session that is refused is renewed once.
      expect(server.requests).toHaveLength(responseCodes[code]?.retry === 'renew' ? 2 : 1);
    }
  });

  it.each(['', '0', '00', '900000', '90000 ', '90051.0', 'constructor', '__proto__'])(
    'knows nothing of %j',
    async (code) => {
      expect(await wordOf((await answering(envelope(code))).provider)).toBe('unknown');
    },
  );

  it('tells what became of a payment', async () => {
    const { simulator, provider, pay } = await start({ openCodeOf: () => '90009' });
    expect(await ask(provider)).toEqual({ outcome: 'unknown' });
    for (const reference of ['ref-1', 'ref-2', 'ref-3']) await pay(reference);
    simulator.advance('ref-2', 'completed');
    simulator.advance('ref-3', 'failed');
    expect(await ask(provider, 'ref-1')).toEqual({ outcome: 'pending' });
    expect(await ask(provider, 'ref-2')).toEqual({ outcome: 'completed' });
    expect(await ask(provider, 'ref-3')).toEqual({ outcome: 'failed' });
    expect(await ask(provider, 'ref-4')).toEqual({ outcome: 'unknown' });
  });

  it('tells of a payment that the wallet did not cover', async () => {
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

  it('believes an answer that names no payment', async () => {
    for (const requestReference of [null, undefined]) {
      expect(await wordOf((await answering(envelope('90000', { requestReference }))).provider)).toBe('completed');
      expect(await wordOf((await answering(envelope('90051', { requestReference }))).provider)).toBe('failed');
    }
  });

  it.each(['ref-2', 'REF-1', 'ref-1 ', '', 1])('does not believe an answer about %j', async (requestReference) => {
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
    // It must name the payment, and must not contradict itself.
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
  /** Asks at these minutes after the payment was sent; what each answer was. */
  async function outcomesAt(minutes: readonly number[], options: Partial<PhoenixOptions>): Promise<string[]> {
    const clock = stoppedClock();
    const { provider } = await start({}, { clock, ...options });
    const outcomes: string[] = [];
    let nowMinutes = 0;
    for (const minute of minutes) {
      clock.advance((minute - nowMinutes) * minuteMs);
      nowMinutes = minute;
      outcomes.push(await wordOf(provider));
    }
    return outcomes;
  }
  const failed = { notFound: { means: 'failed' } } as const;
  const unknown = (count: number) => Array(count).fill('unknown');

  it('stays unknown for ever, unless the options say otherwise', async () => {
    expect(await outcomesAt([0, 1, 5, 60, 10_000], {})).toEqual(unknown(5));
    expect(await outcomesAt([0, 1, 5, 60, 10_000], { notFound: { means: 'unknown' } })).toEqual(unknown(5));
  });

  it('has failed after three answers over five minutes, and not sooner', async () => {
    expect(await outcomesAt([0, 2.5, 5], failed)).toEqual([...unknown(2), 'failed']);
    expect(await outcomesAt([0, 5, 5], failed)).toEqual([...unknown(2), 'failed']);
    expect(await outcomesAt([0, 5], failed)).toEqual(unknown(2));
    expect(await outcomesAt([0, 1, 2, 3, 4, 4.99999], failed)).toEqual(unknown(6));
    expect(await outcomesAt([0, 1_000], failed)).toEqual(unknown(2));
  });

  it('needs as many answers over as long a time as the options say', async () => {
    const notFound = { means: 'failed', times: 4, overMs: 10 * minuteMs } as const;
    expect(await outcomesAt([0, 5, 10, 10], { notFound })).toEqual([...unknown(3), 'failed']);
    expect(await outcomesAt([0, 5, 9, 9.9], { notFound })).toEqual(unknown(4));
  });

  it('is counted anew after any other answer, and after a clock that was set back', async () => {
    const clock = stoppedClock();
    const { simulator, provider } = await start({}, { clock, ...failed });
    expect([await wordOf(provider), await wordOf(provider)]).toEqual(unknown(2));
    clock.advance(5 * minuteMs);
    simulator.fault({ kind: 'body', body: envelope('90009') }, { path: statusPath, times: 1 });
    expect(await wordOf(provider)).toBe('pending');
    expect([await wordOf(provider), await wordOf(provider), await wordOf(provider)]).toEqual(unknown(3));
    clock.advance(-1);
    expect(await wordOf(provider)).toBe('unknown');
    clock.advance(5 * minuteMs);
    expect([await wordOf(provider), await wordOf(provider)]).toEqual(['unknown', 'failed']);
  });

  it('is counted for itself, and not for an answer about another payment', async () => {
    const clock = stoppedClock();
    const { simulator, provider } = await start({}, { clock, ...failed });
    for (const reference of ['ref-1', 'ref-2', 'ref-1']) await wordOf(provider, reference);
    clock.advance(5 * minuteMs);
    expect([await wordOf(provider, 'ref-2'), await wordOf(provider, 'ref-1')]).toEqual(['unknown', 'failed']);
    const other = { kind: 'body', body: envelope('90025', { requestReference: 'ref-9' }) } as const;
    simulator.fault(other, { path: statusPath, times: 1 });
    expect(await wordOf(provider, 'ref-2')).toBe('unknown');
    expect(await wordOf(provider, 'ref-2')).toBe('unknown');
  });

  it('releases its hold only then, and what a guard was promised stays held until', async () => {
    const clock = stoppedClock();
    const { provider } = await start({ available: '1000' }, { clock, ...failed });
    const guard = guardOf(provider, { clock });
    await failureOf(guard.withHold({ amount: '300', reference: 'ref-1' }, () => Promise.reject(new Error('timeout'))));
    for (const waitMs of [0, 3 * minuteMs]) {
      clock.advance(waitMs);
      expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ captured: 0, released: 0, open: 1 });
      expect((await guard.funds({ refresh: true })).spendable).toBe('700');
    }
    clock.advance(2 * minuteMs);
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ captured: 0, released: 1, open: 0 });
    expect((await guard.funds({ refresh: true })).spendable).toBe('1000');
  });
});

describe('a payout whose answer got lost', () => {
  it.each([
    ['completed', { captured: 1, released: 0, open: 0 }, 'captured', '900'],
    ['failed', { captured: 0, released: 1, open: 0 }, 'released', '1000'],
  ] as const)('stays held until it has %s', async (end, settled, state, available) => {
    const { simulator, provider, pay } = await start({
      available: '1000',
      debitAt: 'completion',
      openCodeOf: () => '90009',
    });
    const guard = guardOf(provider);
    simulator.fault({ kind: 'lost' }, { path: '/sente/xpayment', times: 1 });
    await failureOf(guard.withHold({ amount: '100', reference: 'ref-1' }, () => pay()));
    expect((await guard.funds({ refresh: true })).spendable).toBe('900');
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual({ captured: 0, released: 0, open: 1 });
    simulator.advance('ref-1', end);
    expect(await guard.reconcile({ olderThanMs: 0 })).toEqual(settled);
    expect((await guard.getHold('ref-1'))?.state).toBe(state);
    expect((await guard.funds({ refresh: true })).spendable).toBe(available);
  });
});

describe('when something goes wrong', () => {
  const faults: [string, Fault, string][] = [
    ['500', { kind: 'status', status: 500 }, 'provider_error'],
    ['a gateway', { kind: 'html_500' }, 'provider_error'],
    ['502', { kind: 'lost', status: 502 }, 'provider_error'],
    ['silence', { kind: 'hang' }, 'timeout'],
    ['a reset', { kind: 'reset' }, 'network'],
    ['half an answer', { kind: 'reset_midway' }, 'network'],
    ['HTML', { kind: 'body', body: '<html></html>', contentType: 'text/html' }, 'malformed'],
    ['a sentence', { kind: 'body', body: 'Cannot Continue with Check Status' }, 'malformed'],
    ['no code', { kind: 'fields', fields: { responseCode: undefined } }, 'malformed'],
    ['a code that is none', { kind: 'fields', fields: { responseCode: ['90051'] } }, 'malformed'],
    ['two codes', { kind: 'body', body: '{"responseCode":"90000","responseCode":"90051"}' }, 'malformed'],
    ['a list', { kind: 'body', body: `[${envelope('90051')}]` }, 'malformed'],
    ['too much', { kind: 'huge', bytes: 70_000 }, 'malformed'],
  ];

  it.each(faults)('%s is not an answer', async (_, fault, reason) => {
    const { simulator, provider, pay } = await start({ outcomeOf: () => 'failed' }, { ...once, attemptTimeoutMs: 300 });
    await pay();
    simulator.fault(fault, { path: statusPath });
    expect(await wordOf(provider)).toBe(reason);
    simulator.clearFaults();
    expect(await wordOf(provider)).toBe('failed');
  });

  it('says which code an operator must hear of, and nothing else of the answer', async () => {
    const { provider } = await answering(envelope('90055', { responseMessage: 'secret of the body' }));
    const error = await lookupFailure(provider);
    expect(error).toMatchObject({ code: 'balance_unavailable', reason: 'unauthorized' });
    expect(error.message).toContain('(code 90055)');
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain('secret of the body');
  });

  it('leaves balances alone: a status call that always fails does not open their circuit', async () => {
    const { simulator, provider } = await start({}, { ...once, circuitBreaker: { failures: 2, openMs: 60_000 } });
    simulator.fault({ kind: 'status', status: 500 }, { path: statusPath });
    for (let failed = 0; failed < 2; failed += 1) expect(await wordOf(provider)).toBe('provider_error');
    expect(await wordOf(provider)).toBe('circuit_open');
    const { signal } = new AbortController();
    expect((await provider.fetchBalance({ wallet: 'default', signal })).available).toBe('250000');
  });

  it('ends with its signal', async () => {
    const { simulator, provider } = await start();
    simulator.fault({ kind: 'hang' }, { path: statusPath });
    const controller = new AbortController();
    const asked = ask(provider, 'ref-1', controller.signal);
    controller.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });
});
