import { describe, expect, it } from '@jest/globals';
import type { JpaySimulator } from 'payout-guard/testing';
import { call, first, initiate, payoutBalance, type Reply, refusal, start } from './jpay-payouts-support.js';

describe('POST /payments/payouts/initiate', () => {
  it('answers 200 with the pending payout and debits the payout wallet', async () => {
    const simulator = await start();
    expect(await initiate(simulator)).toEqual({ status: 200, body: first });
    expect(simulator.balances()).toEqual({ payout: '900.00', collection: '45000.00', total: '45900.00' });
    expect(simulator.payouts).toEqual([
      { id: 'PAYOUT-SIM-1', refNo: 'ref-1', payto: '+254712345678', amount: '100.00', status: 'pending' },
    ]);
  });

  it('echoes the category, and writes payouts as older documentation shows them, or pending as 0', async () => {
    const old = await start({ objects: 'old' });
    const { channel: _1, channel_name: _2, channel_type: _3, ...bare } = first;
    expect((await initiate(old, { category: 'gaming' })).body).toEqual({ ...bare, category: 'gaming' });
    const integer = await start({ pendingAs: 0 });
    expect((await initiate(integer)).body).toEqual({ ...first, status: 0 });
    integer.advance('ref-1', 'processing');
    expect((await call(integer, '/PAYOUT-SIM-1')).body).toEqual({ ...first, status: 'processing' });
  });

  it.each([
    ['+254712345678', 63_902, 'M-Pesa'],
    ['+254733000000', 63_903, 'Airtel Money'],
    ['+254770000000', 63_907, 'T-Kash'],
  ])('infers the channel of %s', async (payto, channel, channel_name) => {
    expect((await initiate(await start(), { payto })).body).toMatchObject({ payto, channel, channel_name });
  });

  it.each([
    ['31/12/2024 23:59:59', '2024-12-31T20:59:59.999Z'],
    ['01/01/2025 00:00:00', '2024-12-31T21:00:00.000Z'],
  ])('writes the time %s in Nairobi', async (created_at, time) => {
    const simulator = await start({ clock: { now: () => Date.parse(time) } });
    expect((await initiate(simulator)).body.created_at).toBe(created_at);
  });

  it.each(['1.00', '1000.00', '5000.50', '999999.99'])('takes the amount %s', async (amount) => {
    const simulator = await start({ payout: '999999.99' });
    expect(await initiate(simulator, { amount })).toMatchObject({ status: 200, body: { amount } });
  });

  const tooLong = 'x'.repeat(51);
  const wrong: [string, Record<string, unknown>, number, string][] = [
    ...[
      '1000',
      '1000.5',
      '1000.123',
      '',
      'abc',
      '1,000.00',
      '-1.00',
      '0.99',
      '0.00',
      '1000000.00',
      1000.5,
      ' 1.00',
    ].map((amount): [string, Record<string, unknown>, number, string] => [
      `amount ${JSON.stringify(amount)}`,
      { amount },
      400,
      'Invalid amount',
    ]),
    ...['0712345678', '254712345678', '+2547123456', '', 254_712_345_678, '+254712345678\n', '+256712345678'].map(
      (payto): [string, Record<string, unknown>, number, string] => [
        `payto ${JSON.stringify(payto)}`,
        { payto },
        400,
        'Invalid phone number',
      ],
    ),
    ...['payto', 'amount', 'ref_no', 'callback_url', 'app_code'].map(
      (name): [string, Record<string, unknown>, number, string] => [
        `no ${name}`,
        { [name]: undefined },
        400,
        `${name} field is required`,
      ],
    ),
    ['a null', { amount: null }, 400, 'amount field is required'],
    ['a ref_no of 51 characters', { ref_no: tooLong }, 400, 'Invalid ref_no'],
    ['an empty ref_no', { ref_no: '' }, 400, 'Invalid ref_no'],
    ['a ref_no that is a number', { ref_no: 7 }, 400, 'Invalid ref_no'],
    ['another app', { app_code: 1 }, 404, 'App not found'],
    ['an app_code that is text', { app_code: '12345' }, 404, 'App not found'],
    ['a cent too much', { amount: '1000.01' }, 400, 'Insufficient balance in payout wallet'],
  ];

  it.each(wrong)('refuses %s, and nothing happens', async (_, changes, status, text) => {
    const simulator = await start();
    expect(await initiate(simulator, changes)).toEqual(refusal(status, text));
    expect([payoutBalance(simulator), simulator.payouts]).toEqual(['1000.00', []]);
  });

  it('takes a ref_no of 50 characters and a wallet to its last cent', async () => {
    const simulator = await start();
    const ref_no = 'x'.repeat(50);
    expect((await initiate(simulator, { ref_no, amount: '1000.00' })).status).toBe(200);
    expect(payoutBalance(simulator)).toBe('0.00');
    expect(await initiate(simulator, { ref_no: 'y', amount: '1.00' })).toEqual(
      refusal(400, 'Insufficient balance in payout wallet'),
    );
  });

  it('reports the problems of a request in the documented order', async () => {
    const simulator = await start({ products: ['collections'] });
    const post = (target: JpaySimulator, body: string, authorization: string) =>
      call(target, '/initiate', { method: 'POST', body, headers: { authorization } });
    simulator.refuseIp(true);
    expect(await post(simulator, '{', 'Bearer nonsense')).toEqual(refusal(401, 'Invalid or expired token'));
    const token = `Bearer ${simulator.accessToken()}`;
    expect(await post(simulator, '{', token)).toEqual(refusal(403, 'Access denied: IP address not allowed'));
    simulator.refuseIp(false);
    expect(await post(simulator, '{', token)).toEqual(refusal(403, 'The app is not enabled for payouts'));

    const able = await start();
    expect(await post(able, '{', `Bearer ${able.accessToken()}`)).toEqual(
      refusal(400, 'JSON parse error - Expecting value: line 1 column 1 (char 0)'),
    );
    await initiate(able);
    // From here on, each request has one problem less than the one before.
    const problems: [Record<string, unknown>, Reply][] = [
      [{ ref_no: undefined }, refusal(400, 'ref_no field is required')],
      [{ ref_no: tooLong }, refusal(400, 'Invalid phone number')],
      [{ ref_no: tooLong, payto: '+254712345678' }, refusal(400, 'Invalid amount')],
      [{ ref_no: tooLong, payto: '+254712345678', amount: '5000.00' }, refusal(400, 'Invalid ref_no')],
      [{ payto: '+254712345678', amount: '5000.00' }, refusal(404, 'App not found')],
      [
        { payto: '+254712345678', amount: '5000.00', app_code: 12_345 },
        refusal(400, 'Reference number already exists'),
      ],
      [
        { payto: '+254712345678', amount: '5000.00', app_code: 12_345, ref_no: 'ref-2' },
        refusal(400, 'Insufficient balance in payout wallet'),
      ],
    ];
    for (const [changes, expected] of problems) {
      expect(await initiate(able, { payto: 'x', amount: 'x', app_code: 0, ...changes })).toEqual(expected);
    }
    expect(able.payouts).toHaveLength(1);
  });
});

describe('a ref_no that was used before', () => {
  it('is refused, even if all other fields differ', async () => {
    const simulator = await start();
    await initiate(simulator);
    expect(await initiate(simulator, { amount: '7.00' })).toEqual(refusal(400, 'Reference number already exists'));
    simulator.advance('ref-1', 'failed');
    expect(await initiate(simulator)).toEqual(refusal(400, 'Reference number already exists'));
    expect([payoutBalance(simulator), simulator.payouts.length]).toEqual(['1000.00', 1]);
  });

  it('return_first: yields the first payout as it is now, and no second one', async () => {
    const simulator = await start({ duplicateRefNo: 'return_first' });
    await initiate(simulator);
    simulator.advance('ref-1', 'completed');
    expect(await initiate(simulator, { amount: '7.00' })).toEqual({
      status: 200,
      body: { ...first, status: 'completed' },
    });
    expect([payoutBalance(simulator), simulator.payouts.length]).toEqual(['900.00', 1]);
  });

  it('create_second: makes two payouts, which have different ids', async () => {
    const simulator = await start({ duplicateRefNo: 'create_second' });
    await initiate(simulator);
    expect((await initiate(simulator)).body).toEqual({ ...first, id: 'PAYOUT-SIM-2' });
    expect(payoutBalance(simulator)).toBe('800.00');
    simulator.advance('PAYOUT-SIM-2', 'processing');
    simulator.advance('ref-1', 'completed');
    simulator.advance('ref-1', 'failed');
    expect(simulator.payouts.map(({ status }) => status)).toEqual(['completed', 'failed']);
    expect(() => simulator.advance('ref-1', 'failed')).toThrow('a payout that is completed cannot become failed');
  });
});
