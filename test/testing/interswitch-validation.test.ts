// The validation of a customer before a payment: it pays nothing, and proves no payment.
import { afterEach, describe, expect, it } from '@jest/globals';
import { interswitch } from 'payout-guard/providers/interswitch';
import type { InterswitchSimulator } from 'payout-guard/testing';
import { closeAll, guardOf, startInterswitch } from '../providers/support.js';

afterEach(closeAll);

const payment = { requestReference: 'ref-1', amount: '600', customerId: '0770000000', paymentCode: '53046936951' };

async function post(simulator: InterswitchSimulator, path: string, changes: object | string = {}) {
  const body = typeof changes === 'string' ? changes : JSON.stringify({ ...payment, ...changes });
  const response = await fetch(`${simulator.url}/isw/payments/${path}`, { method: 'POST', body });
  expect(response.status).toBe(200);
  return (await response.json()) as { responseCode: string; response: object | null };
}

describe('POST /isw/payments/validation', () => {
  it('answers with the customer and the whole cost, and pays nothing', async () => {
    const simulator = await startInterswitch({ available: '1000', fee: '50' });
    expect(await post(simulator, 'validation')).toMatchObject({
      responseCode: '90000',
      requestReference: 'ref-1',
      response: { customerId: '0770000000', customerName: 'SIMULATED CUSTOMER', surcharge: 50, totalAmount: 650 },
    });
    expect([simulator.balances().available, simulator.payouts]).toEqual(['1000', []]);
    expect((await post(simulator, 'pay')).responseCode).toBe('90000');
    expect(simulator.balances().available).toBe('350');
  });

  it.each<[string, object | string]>([
    ['90030', '{'],
    ['90030', { customerId: undefined }],
    ['90013', { amount: 0 }],
    ['70017', { paymentCode: '1' }],
    ['90052', { customerId: '0779999999' }],
  ])('answers %s to %j, as the payment does', async (code, changes) => {
    const simulator = await startInterswitch({ unknownCustomers: ['0779999999'] });
    for (const path of ['validation', 'pay']) {
      expect(await post(simulator, path, changes)).toMatchObject({ responseCode: code, response: null });
    }
    expect(simulator.payouts).toEqual([]);
  });

  it.each(['wrapped', 'flat'] as const)(
    'is no verdict, even where a function that returns has paid (%s)',
    async (shape) => {
      const simulator = await startInterswitch({ available: '1000', shape });
      const guard = guardOf(interswitch({ baseUrl: simulator.url }), { settles: 'onReturn', reconcileEveryMs: 0 });
      await guard.withHold({ amount: '600', reference: 'ref-1' }, () => post(simulator, 'validation'));
      expect((await guard.getHold('ref-1'))?.state).toBe('sent');
      expect(simulator.payouts).toEqual([]);
    },
  );
});
