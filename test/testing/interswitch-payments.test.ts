// Payments of the Interswitch simulator, over real HTTP, with the codes of the protocol notes.
import { afterEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from 'payout-guard';
import {
  type InterswitchOpenCode,
  type InterswitchSimulator,
  type InterswitchSimulatorOptions,
  interswitchSimulator,
} from 'payout-guard/testing';
import { closeAll, startInterswitch } from '../providers/support.js';
import { stoppedClock } from '../support/clock.js';

afterEach(closeAll);

const start = (options: InterswitchSimulatorOptions = {}) =>
  startInterswitch({ available: '1000', ledger: '1000', ...options });

async function replyText(response: Response): Promise<string> {
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
  return response.text();
}

const payment = { requestReference: 'ref-1', amount: 100, customerId: '0770000000', paymentCode: '53046936951' };

/** Pays; `changes` that are text are the whole body. */
async function pay(simulator: InterswitchSimulator, changes: object | string = {}): Promise<string> {
  const body = typeof changes === 'string' ? changes : JSON.stringify({ ...payment, ...changes });
  return replyText(await fetch(`${simulator.url}/isw/payments/pay`, { method: 'POST', body }));
}

async function status(simulator: InterswitchSimulator, reference = 'ref-1'): Promise<string> {
  const query = `requestReference=${encodeURIComponent(reference)}`;
  return replyText(await fetch(`${simulator.url}/isw/payments/checkStatus?${query}`));
}

function answer(code: string, message: string, reference: string | null = 'ref-1', response = 'null'): string {
  const text = reference === null ? 'null' : JSON.stringify(reference);
  return `{"responseCode":"${code}","responseMessage":"${message}","requestReference":${text},"response":${response}}`;
}

const approved = answer(
  '90000',
  'TRANSACTION APPROVED',
  'ref-1',
  '{"transactionReference":"SIM-1","amount":100,"surcharge":0,"totalAmount":100}',
);
const declined = answer('90020', 'TRANSACTION DECLINED BY BILLER');
const inProgress = answer('90009', 'REQUEST IN PROGRESS');

describe('POST /isw/payments/pay and GET /isw/payments/checkStatus', () => {
  it('approve a payment and debit both balances', async () => {
    const simulator = await start();
    expect(await pay(simulator)).toBe(approved);
    expect(await status(simulator)).toBe(approved);
    expect(simulator.balances()).toEqual({ available: '900', ledger: '900' });
    expect(simulator.payouts).toEqual([
      { id: 'SIM-1', requestReference: 'ref-1', customerId: '0770000000', amount: '100', status: 'completed' },
    ]);
  });

  it('decline a payment with 90020, and nothing is debited', async () => {
    const simulator = await start({ outcomeOf: ({ customerId }) => (customerId === 'bad' ? 'failed' : 'completed') });
    expect(await pay(simulator, { customerId: 'bad' })).toBe(declined);
    expect(await status(simulator)).toBe(declined);
    expect(simulator.balances()).toEqual({ available: '1000', ledger: '1000' });
    expect((await pay(simulator, { requestReference: 'ref-2' })).slice(0, 24)).toBe('{"responseCode":"90000",');
  });

  it.each<[InterswitchOpenCode, string]>([
    ['90001', 'TRANSACTION APPROVED'],
    ['90009', 'REQUEST IN PROGRESS'],
    ['90091', 'REMOTE SYSTEM TEMPORARILY UNAVAILABLE'],
  ])('leave a payment open with %s until it is told how it ends', async (code, message) => {
    for (const [end, text, available] of [
      ['completed', approved, '900'],
      ['failed', declined, '1000'],
    ] as const) {
      const simulator = await start({ openCodeOf: ({ amount }) => (amount === '100' ? code : undefined) });
      expect(await pay(simulator)).toBe(answer(code, message));
      expect(await status(simulator)).toBe(answer(code, message));
      expect([simulator.balances(), simulator.payouts[0]?.status]).toEqual([
        { available: '900', ledger: '1000' },
        'pending',
      ]);
      simulator.advance('ref-1', end);
      expect(await status(simulator)).toBe(text);
      expect(simulator.balances()).toEqual({ available, ledger: available });
      expect(() => simulator.advance('ref-1', end)).toThrow(`a payout that is ${end} cannot become ${end}`);
      expect(() => simulator.advance('ref-2', end)).toThrow(ConfigurationError);
      expect(await pay(simulator, { requestReference: 'ref-2', amount: 1 })).toContain('"90000"');
    }
  });

  it('leave payments open with 90009 for settleAfterMs, then end them by outcomeOf', async () => {
    const outcomes = { good: 'completed', bad: 'failed', stuck: 'stuck' } as const;
    const clock = stoppedClock();
    const simulator = await start({
      clock,
      settleAfterMs: 400,
      outcomeOf: ({ requestReference }) => outcomes[requestReference as 'good'],
    });
    for (const requestReference of ['good', 'bad', 'stuck']) {
      expect(await pay(simulator, { requestReference })).toBe(answer('90009', 'REQUEST IN PROGRESS', requestReference));
    }
    await clock.pass(399);
    expect(simulator.payouts.map(({ status: known }) => known)).toEqual(['pending', 'pending', 'pending']);
    await clock.pass(1);
    expect(simulator.payouts.map(({ status: known }) => known)).toEqual(['completed', 'failed', 'pending']);
    expect(await status(simulator, 'bad')).toBe(answer('90020', 'TRANSACTION DECLINED BY BILLER', 'bad'));
    expect(await status(simulator, 'stuck')).toBe(answer('90009', 'REQUEST IN PROGRESS', 'stuck'));
    expect(simulator.balances()).toEqual({ available: '800', ledger: '900' });
  });

  it('leave a stuck payment in progress', async () => {
    const simulator = await start({ outcomeOf: () => 'stuck' });
    expect(await pay(simulator)).toBe(inProgress);
    simulator.advance('ref-1', 'completed');
    expect(await status(simulator)).toBe(approved);
  });

  it('refuse more than is available with 90051, which stays the state of that payment', async () => {
    const simulator = await start({ ledger: '9000', fee: '10' });
    const insufficient = answer('90051', 'INSUFFICIENT FUNDS');
    expect(await pay(simulator, { amount: 990.01 })).toBe(insufficient);
    simulator.credit('1000');
    expect(await status(simulator)).toBe(insufficient);
    expect(await pay(simulator)).toBe(answer('90026', 'DUPLICATE REQUEST REFERENCE'));
    expect(await pay(simulator, { requestReference: 'ref-2', amount: 1990 })).toContain('"90000"');
    expect(simulator.balances()).toEqual({ available: '0', ledger: '8000' });
  });

  it('never carry out a reference twice', async () => {
    const simulator = await start({ openCodeOf: () => '90009' });
    await pay(simulator);
    expect(await pay(simulator, { amount: 7 })).toBe(answer('90026', 'DUPLICATE REQUEST REFERENCE'));
    simulator.advance('ref-1', 'failed');
    expect(await pay(simulator)).toBe(answer('90026', 'DUPLICATE REQUEST REFERENCE'));
    expect([simulator.payouts.length, simulator.balances().available]).toEqual([1, '1000']);
  });

  it('have no record of other references', async () => {
    const simulator = await start();
    await pay(simulator);
    for (const other of ['ref-2', 'REF-1', 'SIM-1', 'ref-1 ']) {
      expect(await status(simulator, other)).toBe(answer('90025', 'NON EXISTENT TRANSACTION', other));
    }
    expect(await replyText(await fetch(`${simulator.url}/isw/payments/checkStatus`))).toBe(
      answer('90025', 'NON EXISTENT TRANSACTION', ''),
    );
    expect(await pay(simulator, { requestReference: 'a&b=c d/é' })).toContain('"90000"');
    expect(await status(simulator, 'a&b=c d/é')).toContain('"requestReference":"a&b=c d/é"');
  });

  it.each<[string, object | string, string, string, string | null]>([
    ['no JSON', '{', '90030', 'FORMAT ERROR', null],
    ['no object', '[]', '90030', 'FORMAT ERROR', null],
    ['no reference', { requestReference: undefined }, '90030', 'FORMAT ERROR', null],
    ['an empty reference', { requestReference: '' }, '90030', 'FORMAT ERROR', null],
    ['no amount', { amount: undefined }, '90030', 'FORMAT ERROR', null],
    ['no customer', { customerId: null }, '90030', 'FORMAT ERROR', null],
    ['no payment code', { paymentCode: undefined }, '90030', 'FORMAT ERROR', null],
    ['an amount of nothing', { amount: 0 }, '90013', 'INVALID_AMOUNT', 'ref-1'],
    ['a negative amount', { amount: -1 }, '90013', 'INVALID_AMOUNT', 'ref-1'],
    ['an amount that is none', { amount: 'much' }, '90013', 'INVALID_AMOUNT', 'ref-1'],
    ['a tenth of a cent', { amount: '1.001' }, '90013', 'INVALID_AMOUNT', 'ref-1'],
    ['a payment code that is none', { paymentCode: 'airtime' }, '70017', 'INVALID PAYMENT ITEM', 'ref-1'],
    ['a payment code without an item', { paymentCode: '530469' }, '70017', 'INVALID PAYMENT ITEM', 'ref-1'],
  ])('refuse %s, and nothing happens', async (_, changes, code, message, reference) => {
    const simulator = await start();
    expect(await pay(simulator, changes)).toBe(answer(code, message, reference));
    expect([simulator.balances().available, simulator.payouts]).toEqual(['1000', []]);
    expect(await status(simulator)).toBe(answer('90025', 'NON EXISTENT TRANSACTION'));
  });

  it.each([
    ['600', '600'],
    ['600.0', '600'],
    ['"600"', '600'],
    ['1.0E7', '10000000'],
    ['9007199254740993.01', '9007199254740993.01'],
  ])('read the amount %s exactly', async (json, amount) => {
    const simulator = await start({ available: '90071992547409930' });
    const body = JSON.stringify({ ...payment, paymentCode: 53_046_936_951 }).replace('100', json);
    expect(await pay(simulator, body)).toContain('"90000"');
    expect(simulator.payouts[0]?.amount).toBe(amount);
  });

  it('format amounts and answers like balances', async () => {
    const flat = await start({ shape: 'flat', amounts: 'javaDouble', fee: '1.50' });
    const head = '{"responseCode":"90000","responseMessage":"TRANSACTION APPROVED","requestReference":"ref-1",';
    const amounts = '"transactionReference":"SIM-1","amount":100.0,"surcharge":1.5,"totalAmount":101.5}';
    expect(await pay(flat)).toBe(head + amounts);
    expect(await pay(flat)).toBe(
      '{"responseCode":"90026","responseMessage":"DUPLICATE REQUEST REFERENCE","requestReference":"ref-1"}',
    );
  });
});

describe('the debits', () => {
  it('happen when the options require, for available and ledger separately', async () => {
    const clock = stoppedClock();
    const simulator = await start({
      clock,
      openCodeOf: () => '90009',
      debitAt: 'completion',
      ledgerDebitAt: { msAfterCompletion: 40 },
      fee: '1',
    });
    await pay(simulator);
    expect(simulator.balances()).toEqual({ available: '1000', ledger: '1000' });
    simulator.advance('ref-1', 'completed');
    expect(simulator.balances()).toEqual({ available: '899', ledger: '1000' });
    await clock.pass(40);
    expect(simulator.balances()).toEqual({ available: '899', ledger: '899' });
  });

  it('may both happen at initiation, and are refunded some time after a failure', async () => {
    const clock = stoppedClock();
    const debits = { ledgerDebitAt: 'initiation', refundAfterMs: 300 } as const;
    const simulator = await start({ clock, ...debits, outcomeOf: () => 'failed' });
    expect(await pay(simulator)).toBe(declined);
    expect(simulator.balances()).toEqual({ available: '900', ledger: '900' });
    await clock.pass(300);
    expect(simulator.balances()).toEqual({ available: '1000', ledger: '1000' });
  });

  it('that are late overdraw a wallet that was promised twice', async () => {
    const clock = stoppedClock();
    const simulator = await start({ clock, debitAt: { msAfterCompletion: 300 }, amounts: 'javaDouble' });
    for (const requestReference of ['ref-1', 'ref-2']) await pay(simulator, { requestReference, amount: 600 });
    await clock.pass(300);
    expect(simulator.balances().available).toBe('-200');
    expect(await (await fetch(`${simulator.url}/isw/payments/balance`)).text()).toContain('"availableBalance":-200.0,');
  });
});

describe('a failure', () => {
  it('an answer is lost after the debit, and the status has the payment', async () => {
    const simulator = await start();
    simulator.fault({ kind: 'lost' }, { path: '/isw/payments/pay', times: 1 });
    await expect(pay(simulator)).rejects.toThrow('fetch failed');
    expect(simulator.balances()).toEqual({ available: '900', ledger: '900' });
    expect(await status(simulator)).toBe(approved);
  });

  it('plain text takes the place of any answer, and the payment is not made', async () => {
    const simulator = await start();
    for (const path of ['/isw/payments/pay', '/isw/payments/checkStatus']) simulator.plainText({ path, times: 1 });
    const texts = [
      await fetch(`${simulator.url}/isw/payments/pay`, { method: 'POST', body: JSON.stringify(payment) }),
      await fetch(`${simulator.url}/isw/payments/checkStatus?requestReference=ref-1`),
    ].map(async (response) => (await response.text()).slice(0, 20));
    expect(await Promise.all(texts)).toEqual(['Cannot Continue with', 'Cannot Continue with']);
    expect(simulator.payouts).toEqual([]);
  });

  it('another method is not allowed', async () => {
    const simulator = await start();
    const got = await fetch(`${simulator.url}/isw/payments/pay`);
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    const posted = await fetch(`${simulator.url}/isw/payments/checkStatus`, { method: 'POST' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it.each([
    [{ openCodeOf: '90009' }, 'openCodeOf: pass a function'],
    [{ ledgerDebitAt: 'later' }, 'ledgerDebitAt: pass "initiation", "completion" or { msAfterCompletion }'],
    [{ fee: 5 }, 'fee: pass decimal text'],
  ])('options are refused: %j', async (options, problem) => {
    await expect(interswitchSimulator(options as never)).rejects.toThrow(problem);
  });
});
