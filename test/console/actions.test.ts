// Access to the actions of the console, by requests that no page would make.
import { describe, expect, it } from '@jest/globals';
import express from 'express';
import express4 from 'express4';
import { memoryStore } from 'payout-guard';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { basePath, codeOf, freeze, isFrozen, opensConsoles, postAction, reader } from './console-app.js';

const warnings = collectWarnings();
const open = opensConsoles();

describe('an action', () => {
  it('is made and recorded with the name and the reason', async () => {
    const app = await open();
    expect((await postAction(app)).status).toBe(200);
    expect(await isFrozen(app)).toBe(true);
    expect(app.history.query({ kind: 'operator' }).entries.map(({ wallet, data }) => [wallet, data])).toEqual([
      ['default', { action: 'freeze', operator: 'ada', reason: 'audit' }],
    ]);
  });

  it('accepts daily limits that a loss of data made unknown', async () => {
    const store = Object.assign(memoryStore(), { limits: 'durable' as const });
    const app = await open({ guard: { store, limits: { perDay: '100.00', timeZone: 'UTC' } } });
    const hold = () => app.guard.hold({ amount: '10.00', reference: 'a' });
    await expect(hold()).rejects.toMatchObject({ code: 'limits_unknown' });
    const body = { action: 'acceptLimits', wallet: 'default', reason: 'compared' };
    expect(await (await postAction(app, { body })).json()).toEqual({ wallet: 'default' });
    expect((await hold()).state).toBe('reserved');
    expect(app.history.query({ kind: 'operator' }).entries.map(({ data }) => data)).toEqual([
      { action: 'acceptLimits', operator: 'ada', reason: 'compared' },
    ]);
    const { wallets } = (await (await fetch(`${app.url}api/overview`)).json()) as { wallets: unknown[] };
    expect(wallets).toMatchObject([{ wallet: 'default', hasDailyLimits: true }]);
  });

  it.each(['capture', 'release', 'lookUp', 'freeze', 'unfreeze', 'acceptLimits'])(
    'of a reader is refused with 403 by a hand-made request: %s',
    async (action) => {
      const app = await open();
      await app.guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
      const { attempt = '' } = (await app.guard.getHold('a')) ?? {};
      const { token } = (await (await fetch(`${app.url}api/session`)).json()) as { token: string };
      app.user = reader;
      const payout = { reference: 'a', ...(action !== 'lookUp' && { attempt, state: 'sent' }) };
      const isOfWallet = /freeze$|^acceptLimits$/.test(action);
      const about = isOfWallet ? { wallet: 'default' } : payout;
      // Neither without a token, nor with one of a colleague.
      for (const given of [undefined, token]) {
        const headers = { 'x-payout-guard-token': given };
        const response = await postAction(app, { headers, body: { action, ...about, reason: 'because' } });
        expect(await codeOf(response)).toEqual([403, 'read_only']);
      }
      expect(await app.guard.getHold('a')).toMatchObject({ state: 'sent' });
      expect(await isFrozen(app)).toBe(false);
      expect(app.history.query({ kind: 'operator' }).entries).toEqual([]);
    },
  );

  it('is not shown to a reader, who gets no token', async () => {
    const app = await open();
    app.user = reader;
    const session = await (await fetch(`${app.url}api/session`)).json();
    expect(session).toMatchObject({ name: 'rita', canAct: false, actions: {} });
    expect(session).not.toHaveProperty('token');
  });

  it.each([
    ['no token', { 'x-payout-guard-token': undefined }, 'invalid_token'],
    ['an empty token', { 'x-payout-guard-token': '' }, 'invalid_token'],
    ['another token', { 'x-payout-guard-token': 'A'.repeat(43) }, 'invalid_token'],
    ['a page of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 'foreign_origin'],
    ['a page of a sibling host', { 'sec-fetch-site': 'same-site', origin: 'https://x.ops.example' }, 'foreign_origin'],
    ['no page', { 'sec-fetch-site': 'none' }, 'foreign_origin'],
    ['an old browser on another site', { origin: 'https://evil.example' }, 'foreign_origin'],
    ['an old browser in a sandbox', { origin: 'null' }, 'foreign_origin'],
    ['neither origin nor site', { origin: undefined }, 'foreign_origin'],
  ])('with %s is refused with 403', async (_, headers, code) => {
    const app = await open();
    expect(await codeOf(await postAction(app, { headers }))).toEqual([403, code]);
    expect(await isFrozen(app)).toBe(false);
  });

  it('with the token of another operator is refused', async () => {
    const app = await open();
    const { token } = (await (await fetch(`${app.url}api/session`)).json()) as { token: string };
    app.user = { name: 'bob', canAct: true };
    const response = await postAction(app, { headers: { 'x-payout-guard-token': token } });
    expect(await codeOf(response)).toEqual([403, 'invalid_token']);
    expect(await isFrozen(app)).toBe(false);
  });

  it.each([
    ['the page itself', { 'sec-fetch-site': 'same-origin', origin: 'https://anything.example' }],
    ['a listed origin', { 'sec-fetch-site': 'cross-site', origin: 'https://ops.example' }],
    ['an old browser on a listed origin', { origin: 'https://ops.example' }],
    ['a proxy that names the host', { origin: 'https://public.example', 'x-forwarded-host': 'public.example' }],
    ['an old browser', {}],
  ])('from %s is accepted', async (_, headers) => {
    const app = await open({ console: { origins: ['https://ops.example'] } });
    expect((await postAction(app, { headers })).status).toBe(200);
  });

  it('has a token of the process, or one of all processes that share a secret', async () => {
    const secret = 'x'.repeat(32);
    const tokens = await Promise.all(
      [{}, {}, { secret }, { secret }].map(async (options) => {
        const app = await open({ console: options });
        return ((await (await fetch(`${app.url}api/session`)).json()) as { token: string }).token;
      }),
    );
    expect(new Set(tokens).size).toBe(3);
    expect(tokens[2]).toBe(tokens[3]);
  });

  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, undefined, 415, 'invalid_type'],
    ['plain text', { 'content-type': 'text/plain' }, undefined, 415, 'invalid_type'],
    ['no reason', {}, { action: 'freeze', wallet: 'default' }, 400, 'invalid_action'],
    ['an empty reason', {}, { ...freeze, reason: '' }, 400, 'invalid_action'],
    ['a reason of two lines', {}, { ...freeze, reason: 'a\nb' }, 400, 'invalid_argument'],
    ['a reason that is too long', {}, { ...freeze, reason: 'x'.repeat(201) }, 400, 'invalid_argument'],
    ['no attempt', {}, { action: 'release', reference: 'a', reason: 'x' }, 400, 'invalid_action'],
    ['an unknown action', {}, { action: 'pay', reason: 'x' }, 400, 'invalid_action'],
    ['an unknown field', {}, { ...freeze, operator: 'bob' }, 400, 'invalid_action'],
    ['an unknown wallet', {}, { ...freeze, wallet: 'other' }, 400, 'configuration'],
    ['no object', {}, [], 400, 'invalid_action'],
    ['too much', {}, { ...freeze, reason: 'x'.repeat(20_000) }, 413, 'too_large'],
  ])('with %s is refused', async (_, headers, body, status, code) => {
    const app = await open();
    expect(await codeOf(await postAction(app, { headers, body }))).toEqual([status, code]);
    expect(await isFrozen(app)).toBe(false);
  });

  it('is made by POST alone', async () => {
    const app = await open();
    expect(await codeOf(await postAction(app, { method: 'GET' }))).toEqual([405, 'method_not_allowed']);
    expect((await fetch(`${app.url}api/payouts`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(app.url, { method: 'DELETE' })).status).toBe(405);
  });

  it('that is not offered is refused', async () => {
    const app = await open({ console: { actions: ['lookUp'] } });
    expect(await codeOf(await postAction(app))).toEqual([403, 'not_offered']);
    const session = (await (await fetch(`${app.url}api/session`)).json()) as { actions: object };
    expect(Object.keys(session.actions)).toEqual(['lookUp']);
  });

  it('names the attempt that the operator saw: a later hold of the reference stays', async () => {
    const app = await open();
    const first = await app.guard.hold({ amount: '10.00', reference: 'a' });
    await first.release({ notSent: true });
    await app.guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
    const body = { action: 'release', reference: 'a', attempt: first.attempt, state: 'sent', reason: 'not sent' };
    expect((await postAction(app, { body })).status).toBe(409);
    expect(await app.guard.getHold('a')).toMatchObject({ state: 'sent' });
    expect(app.history.query({ kind: 'operator' }).entries.map(({ data }) => data.failed)).toEqual([
      undefined,
      'hold_state',
    ]);
  });

  it('names the state that the operator saw: a payout that was released meanwhile is not captured', async () => {
    const app = await open();
    const { attempt } = await app.guard.hold({ amount: '10.00', reference: 'a', state: 'sent' });
    await app.guard.release('a');
    for (const action of ['capture', 'release']) {
      const body = { action, reference: 'a', attempt, state: 'sent', reason: 'in the statement' };
      const response = await postAction(app, { body });
      expect([response.status, await response.json()]).toEqual([
        409,
        {
          code: 'changed_meanwhile',
          message: 'The payout is released now; it was sent when you saw it. Nothing was done. Look again.',
        },
      ]);
    }
    expect(await app.guard.getHold('a')).toMatchObject({ state: 'released' });
    expect(app.history.query({ kind: 'operator' }).entries).toEqual([]);
    const body = { action: 'capture', reference: 'a', attempt, state: 'released', reason: 'in the statement' };
    expect((await postAction(app, { body })).status).toBe(200);
  });

  it('on an unusual debit needs a second confirmation', async () => {
    const app = await open();
    const { attempt } = await app.guard.hold({ amount: '100.00', reference: 'a', state: 'sent' });
    const seen = { action: 'capture', reference: 'a', attempt, state: 'sent', reason: 'in the statement' };
    const unusual = (amount: string, confirmUnusualDebit?: boolean) =>
      postAction(app, { body: { ...seen, amount, confirmUnusualDebit } });
    for (const [amount, comparison] of [
      ['15000.00', '150 times the held amount'],
      ['110.01', '110 % of the held amount'],
      ['1.00', '1 % of the held amount'],
    ] as const) {
      for (const response of [await unusual(amount), await unusual(amount, false)]) {
        expect([response.status, await response.json()]).toEqual([
          409,
          {
            code: 'unusual_debit',
            message: expect.stringContaining(`KES is ${comparison} of 100.00 KES.`),
            unusualDebit: { debit: amount, held: '100.00', currency: 'KES', comparison },
          },
        ]);
      }
    }
    expect((await ((await unusual('15000')).json() as Promise<{ message: string }>)).message).toContain(
      'A debit of 15\u00a0000.00 KES',
    );
    expect(await codeOf(await unusual('1,000'))).toEqual([400, 'invalid_amount']);
    expect(await app.guard.getHold('a')).toMatchObject({ state: 'sent' });
    expect(app.history.query({ kind: 'operator' }).entries).toEqual([]);
    expect((await unusual('15000.00', true)).status).toBe(200);
    expect(await app.guard.getHold('a')).toMatchObject({ state: 'captured', captured: '15000.00' });
  });

  it.each(['capture', 'release', 'lookUp'])('on an unknown payout is answered with 404: %s', async (action) => {
    const app = await open();
    const hold = action !== 'lookUp' && { attempt: 'x', state: 'sent' };
    const body = { action, reference: 'none', reason: 'because', ...hold };
    expect(await codeOf(await postAction(app, { body }))).toEqual([404, 'unknown_payout']);
    expect(app.history.query({ kind: 'operator' }).entries).toEqual([]);
  });

  it('is not made when its entry cannot be recorded', async () => {
    const app = await open({
      console: {
        history: {
          add: () => Promise.reject(new Error('disk full')),
          query: () => ({ entries: [] }),
          close: async () => {},
        },
      },
    });
    expect(await codeOf(await postAction(app))).toEqual([503, 'not_recorded']);
    expect(await isFrozen(app)).toBe(false);
    expect(codesOf(warnings)).toEqual(['PAYOUT_GUARD_CONSOLE']);
  });

  it.each([
    ['4', express4],
    ['5', express],
  ])('is read whether or not Express %s has parsed its body', async (_, framework) => {
    for (const isParsed of [false, true]) {
      const app = await open({
        serve: (handler) => {
          const parsing = framework();
          if (isParsed) parsing.use(framework.json());
          return parsing.use(basePath, handler);
        },
      });
      expect((await postAction(app)).status).toBe(200);
      expect(await isFrozen(app)).toBe(true);
    }
  });
});
