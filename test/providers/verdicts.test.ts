// An adapter's verdict on the value returned by a payment function. Only the provider's own answer about this payout
// counts. Other values are not judged.
import { describe, expect, it } from '@jest/globals';
import { LosslessNumber } from 'lossless-json';
import type { BalanceProvider, PayoutVerdict } from 'payout-guard';
import { responseCodes } from '../../src/providers/interswitch/response-codes.js';
import { adapters, interswitchAnswer, jpayAnswer, reference, verdictOf } from './verdicts-support.js';

const interswitchAdapters = adapters.slice(0, 2);
const jpayProvider = adapters[2]?.[1] as BalanceProvider;

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
    // Not authorized: execution depends on the session.
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

  // It has the reference of the following payment, and an approval of its own.
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
