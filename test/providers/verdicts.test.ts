// The verdict of an adapter on the value that a payment function returned: only the provider's own answer about this
// very payout counts, and everything else is not judged.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LosslessNumber } from 'lossless-json';
import type { BalanceProvider, PayoutVerdict } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { phoenix } from 'payout-guard/providers/phoenix';
import { responseCodes } from '../../src/providers/interswitch/response-codes.js';
import { phoenixCredentials } from '../support/phoenix.js';

const reference = 'payout-1';

const adapters: readonly [string, BalanceProvider, (changes?: object) => Record<string, unknown>][] = [
  ['interswitch', interswitch({ baseUrl: 'https://h' }), interswitchAnswer],
  ['phoenix', phoenix({ baseUrl: 'https://h', ...phoenixCredentials }), interswitchAnswer],
  ['jpay', jpay({ baseUrl: 'https://h', accessToken: 'token' }), jpayAnswer],
];
const interswitchAdapters = adapters.slice(0, 2);
const jpayProvider = adapters[2]?.[1] as BalanceProvider;

/** The answer to an approved payment, as its client parses it. */
function interswitchAnswer(changes: object = {}): Record<string, unknown> {
  return {
    responseCode: '90000',
    responseMessage: 'TRANSACTION APPROVED',
    requestReference: reference,
    response: {
      transactionReference: 'T-1',
      receiptNumber: '1',
      amount: 600,
      surcharge: 0,
      totalAmount: 600,
      token: null,
    },
    ...changes,
  };
}

/** The answer of page "Initiate payout", as its client parses it, with a status that is final. */
function jpayAnswer(changes: object = {}): Record<string, unknown> {
  return {
    id: 'PAYOUT-2024-001-ABC123',
    payto: '+254712345678',
    amount: '1000.00',
    ref_no: reference,
    status: 'completed',
    category: 'other',
    created_at: '15/01/2024 10:30:00',
    channel: 63_902,
    channel_name: 'M-Pesa',
    channel_type: 'Mobile Money',
    ...changes,
  };
}

function verdictOf(provider: BalanceProvider, result: unknown, of: string = reference): PayoutVerdict | undefined {
  return provider.verdictOfResult?.(result, { reference: of });
}

// Section 7 of the protocol notes, row by row, for the answer to the payment call itself.
const verdicts: Record<PayoutVerdict, readonly string[]> = {
  completed: ['90000', '9000'],
  pending: ['90001', '90009'],
  failed: [
    ...['90051', '90098', '70061', '90013', '90030', '900A9', '90023', '90052', '70010', '70017'],
    ...['70026', '70027', '70028', '70029', '70030', '70031', '70037', '70038'],
    ...['70053', '70054', '70056', '70057', '70058'],
  ],
  unknown: [
    ...['90006', '90091', '90092', '90096', '90025'],
    // Not authorized: whether anything was executed depends on the session.
    ...['90063', '90054', '90055', '700A5', '700A6'],
    // The reference was used before, so the payment may have been made.
    ...['90026', '70018', '30020', '90094', '90059'],
    // Also stands for codes that were never mapped.
    '90020',
  ],
};
const table = Object.entries(verdicts).flatMap(([verdict, codes]) =>
  codes.map((code): [string, string] => [code, verdict]),
);

describe.each(interswitchAdapters)('%s', (_, provider) => {
  it('has a verdict for every code of the table', () => {
    expect(table.map(([code]) => code).sort()).toEqual(Object.keys(responseCodes).sort());
  });

  it.each(table)('judges %s as %s, as text and as a number', (responseCode, verdict) => {
    expect(verdictOf(provider, interswitchAnswer({ responseCode }))).toBe(verdict);
    const asNumber = /^\d+$/.test(responseCode) ? Number(responseCode) : responseCode;
    expect(verdictOf(provider, interswitchAnswer({ responseCode: asNumber, response: null }))).toBe(verdict);
  });

  it.each(['', '0', '00', '90', '09000', '900000', ' 90000', '90000 ', '90000.0', '70032', 'constructor', '__proto__'])(
    'does not judge the code %j',
    (responseCode) => {
      expect(verdictOf(provider, interswitchAnswer({ responseCode }))).toBe('unknown');
    },
  );

  it.each<[string, object]>([
    ['no code', { responseCode: undefined }],
    ['a code of null', { responseCode: null }],
    ['a code in a list', { responseCode: ['90000'] }],
    ['a code that is true', { responseCode: true }],
    ['a code with a fraction', { responseCode: 90_000.5 }],
    ['a code beyond numbers', { responseCode: Number.POSITIVE_INFINITY }],
    ['a code as a bigint', { responseCode: 90_000n }],
    ['no message', { responseMessage: undefined }],
    ['a message of null', { responseMessage: null }],
    ['a response in a list', { response: [{}] }],
    ['a response in text', { response: '{}' }],
  ])('does not judge an answer with %s', (__, changes) => {
    expect(verdictOf(provider, interswitchAnswer())).toBe('completed');
    expect(verdictOf(provider, interswitchAnswer(changes))).toBeUndefined();
  });

  it('judges the answer with its response beside the code, or without any', () => {
    const { response, ...head } = interswitchAnswer();
    expect(verdictOf(provider, { ...head, ...(response as object) })).toBe('completed');
    expect(verdictOf(provider, head)).toBe('completed');
  });

  // It has the reference of the payment that follows, and an approval of its own.
  it('does not judge the validation of a beneficiary', () => {
    const validation = {
      transactionReference: 'V-1',
      biller: 'MTN',
      customerId: '0770000000',
      customerName: 'A. CUSTOMER',
      paymentItem: 'Cash in',
      amount: 600,
      totalAmount: 600,
      balance: null,
    };
    for (const responseCode of ['90000', '90052', '90009']) {
      expect(verdictOf(provider, interswitchAnswer({ responseCode, response: validation }))).toBe('unknown');
      expect(verdictOf(provider, interswitchAnswer({ responseCode, response: null, ...validation }))).toBe('unknown');
    }
  });

  it('does not judge the key exchange that the service may answer with', () => {
    const keyExchange = {
      responseCode: '90054',
      responseMessage: 'EXPIRED TOKEN during Key Exchange, check that you are using correct credentials',
      requestReference: '5b0c2c1e-6c1e-4a57-9f0f-0f6a1b8f7d11',
      response: null,
    };
    for (const responseCode of ['90000', '90051', '90054']) {
      expect(verdictOf(provider, { ...keyExchange, responseCode })).toBeUndefined();
    }
  });
});

describe('jpay', () => {
  it.each<[unknown, string]>([
    ['completed', 'completed'],
    ['failed', 'failed'],
    ['pending', 'pending'],
    ['processing', 'pending'],
    [0, 'pending'],
    [new LosslessNumber('0'), 'pending'],
    [1, 'unknown'],
    [2, 'unknown'],
    [3, 'unknown'],
    [-1, 'unknown'],
    [200, 'unknown'],
    [0.5, 'unknown'],
    [Number.NaN, 'unknown'],
    [0n, 'unknown'],
    [new LosslessNumber('0.0'), 'unknown'],
    ['0', 'unknown'],
    ['', 'unknown'],
    ['COMPLETED', 'unknown'],
    ['Failed', 'unknown'],
    ['failed ', 'unknown'],
    ['success', 'unknown'],
    ['reversed', 'unknown'],
    ['cancelled', 'unknown'],
    ['constructor', 'unknown'],
    [null, 'unknown'],
    [undefined, 'unknown'],
    [true, 'unknown'],
    [false, 'unknown'],
    [['failed'], 'unknown'],
    [{ status: 'failed' }, 'unknown'],
  ])('judges the status %p as %s', (status, verdict) => {
    expect(verdictOf(jpayProvider, jpayAnswer({ status }))).toBe(verdict);
  });

  it('judges the older form, which names no channel', () => {
    const { channel, channel_name, channel_type, ...older } = jpayAnswer({ status: 'pending' });
    expect(verdictOf(jpayProvider, older)).toBe('pending');
  });

  it.each<[string, object]>([
    ['no id', { id: undefined }],
    ['an id that is a number', { id: 42 }],
    ['an empty id', { id: '' }],
    ['no payee', { payto: undefined }],
    ['no amount', { amount: undefined }],
    ['an amount in a number', { amount: 1000 }],
    ['an amount without decimals', { amount: '1000' }],
    ['an amount of three decimals', { amount: '1000.000' }],
    ['no category', { category: undefined }],
    ['no time', { created_at: undefined }],
    ['a time as the application writes it', { created_at: '2024-01-15T10:30:00.000Z' }],
    ['a time of a database', { created_at: new Date('2024-01-15T10:30:00Z') }],
    ['a time in seconds', { created_at: 1_705_314_600 }],
  ])('does not judge an answer with %s', (_, changes) => {
    for (const status of ['completed', 'failed', 'pending']) {
      expect(verdictOf(jpayProvider, jpayAnswer({ status, ...changes }))).toBeUndefined();
    }
  });

  it('does not judge a refusal, a list, or a row of a list of collections', () => {
    const { payto, ...rest } = jpayAnswer({ status: 'failed' });
    for (const answer of [
      { detail: 'Insufficient balance in payout wallet' },
      { detail: 'Insufficient balance in payout wallet', ref_no: reference, status: 'failed' },
      { count: 1, next: null, previous: null, results: [jpayAnswer({ status: 'failed' })] },
      { ...rest, payfrom: payto },
    ]) {
      expect(verdictOf(jpayProvider, answer)).toBeUndefined();
    }
  });
});

/** Reading any member throws. */
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
