// Values that no adapter judges.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { adapters, reference, verdictOf } from './verdicts-support.js';

/** An object that throws when a member is read. */
const hostile = new Proxy(
  {},
  {
    get: () => {
      throw new Error('get');
    },
    has: () => {
      throw new Error('has');
    },
    ownKeys: () => {
      throw new Error('ownKeys');
    },
  },
);

const { proxy: revoked, revoke } = Proxy.revocable({}, {});

revoke();

describe.each(adapters)('%s', (_, provider, answerOf) => {
  const named = 'requestReference' in answerOf() ? 'requestReference' : 'ref_no';

  it.each<[string, unknown]>([
    ['another reference', 'payout-2'],
    ['a longer one', 'payout-11'],
    ['a shorter one', 'payout-'],
    ['another case', 'PAYOUT-1'],
    ['a blank behind it', 'payout-1 '],
    ['a blank before it', ' payout-1'],
    ['no text', ''],
    ['null', null],
    ['undefined', undefined],
    ['a list', ['payout-1']],
    ['an object that reads like it', { toString: () => 'payout-1' }],
    ['a String', new String('payout-1')],
  ])('does not judge an answer with %s for a reference', (__, other) => {
    expect(verdictOf(provider, answerOf())).toBe('completed');
    expect(verdictOf(provider, answerOf({ [named]: other }))).toBeUndefined();
  });

  it('does not judge an answer without a reference', () => {
    const { [named]: _reference, ...rest } = answerOf();
    expect(verdictOf(provider, rest)).toBeUndefined();
  });

  // A number loses digits: 9007199254740993 is read as 9007199254740992.
  it.each(['7', '9007199254740992', '0'])('does not take a number for the reference %s', (of) => {
    expect(verdictOf(provider, answerOf({ [named]: of }), of)).toBe('completed');
    expect(verdictOf(provider, answerOf({ [named]: Number(of) }), of)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['true', true],
    ['false', false],
    ['0', 0],
    ['90000', 90_000],
    ['a bigint', 90_000n],
    ['a symbol', Symbol('failed')],
    ['the text completed', 'completed'],
    ['the text failed', 'failed'],
    ['the text 90000', '90000'],
    ['the reference', reference],
    ['an empty object', {}],
    ['an object without a prototype', Object.create(null)],
    ['a list', []],
    ['a function', () => 'failed'],
    ['an error', Object.assign(new Error('declined'), { status: 409, code: 'failed' })],
    ['a Map', new Map([['status', 'failed']])],
    ['a date', new Date(0)],
    ['{ status: failed } of the application', { status: 'failed' }],
    ['{ status: completed } of the application', { status: 'completed' }],
    ['{ outcome: failed } of the application', { outcome: 'failed' }],
    ['a payment of the application', { id: 'p1', reference, amount: '1000.00', status: 'failed' }],
    ['a row of its database', { id: 7, ref_no: reference, requestReference: reference, status: 'failed' }],
    ['an empty Response', new Response(null, { status: 204 })],
    ['a Response that failed', new Response('{}', { status: 504 })],
    ['a proxy that throws', hostile],
    ['a revoked proxy', revoked],
    ['a promise', Promise.resolve('failed')],
  ])('does not judge %s', (__, result) => {
    expect(verdictOf(provider, result)).toBeUndefined();
  });

  it('does not judge its answer inside of another value', () => {
    const answer = answerOf();
    for (const result of [
      { data: answer, status: 200, statusText: 'OK', headers: {}, config: {}, request: {} },
      { body: answer, statusCode: 200 },
      { payment: answer },
      { response: answer },
      [answer],
      [200, answer],
      JSON.stringify(answer),
      Buffer.from(JSON.stringify(answer)),
      new Response(JSON.stringify(answer)),
      Promise.resolve(answer),
      new Map(Object.entries(answer)),
      () => answer,
    ]) {
      expect(verdictOf(provider, result)).toBeUndefined();
    }
  });

  it('does not judge its answer when reading any member of it throws', () => {
    const members = Object.keys(answerOf()).filter((name) => !name.startsWith('channel'));
    for (const name of members) {
      const result = Object.defineProperty(answerOf(), name, {
        enumerable: true,
        get: () => {
          throw new Error(name);
        },
      });
      expect([name, verdictOf(provider, result)]).toEqual([name, undefined]);
    }
  });

  it('judges no value that is not its answer', () => {
    const word = fc.constantFrom(
      ...['failed', 'completed', '90000', '90051', reference, '15/01/2024 10:30:00', '1000.00'],
    );
    const name = fc.constantFrom(...new Set([...Object.keys(answerOf()), 'status', 'data', 'reference', 'outcome']));
    const member = fc.oneof(word, fc.jsonValue());
    fc.assert(
      fc.property(fc.dictionary(name, member, { maxKeys: 5 }), fc.jsonValue(), (object, value) => {
        const verdict = verdictOf(provider, object);
        const isAnswer = object[named] === reference && (named === 'ref_no' ? 'created_at' : 'responseCode') in object;
        if (!isAnswer) expect(verdict).toBeUndefined();
        expect(verdictOf(provider, value)).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });

  it('needs no `this`', () => {
    const { verdictOfResult } = provider;
    expect(verdictOfResult?.(answerOf(), { reference })).toBe('completed');
  });
});
