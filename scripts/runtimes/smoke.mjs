// One piece of the installed package in one runtime: two payouts at once against the money for one, of which one is
// paid, looked up and captured, and never paid again. The process ends by itself, or something was left open.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPayoutGuard, memoryStore } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { frameworks } from './frameworks.mjs';
import { stores } from './stores.mjs';

const piece = process.argv[2];
const { baseUrl, appKey, appSecret, accessToken } = JSON.parse(process.env.JPAY);

const isStore = piece in stores;
const { store, closeClient = async () => {} } = isStore ? await stores[piece]() : { store: memoryStore() };
const guard = createPayoutGuard({
  provider: jpay({ baseUrl, appKey, appSecret, timeoutMs: 20_000 }),
  currency: 'KES',
  store,
  lookupsPerSecond: 100,
});

async function makePayment({ amount, reference, signal }) {
  const body = {
    payto: '+254712345678',
    amount,
    ref_no: reference,
    callback_url: 'https://api.example',
    app_code: 12345,
  };
  const response = await fetch(`${baseUrl}/payments/payouts/initiate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });
  assert.equal(response.ok, true);
  return response.json();
}

/** Resolves to `paid`, or to the code of the refusal. */
const inline = (reference) =>
  guard
    .withHold({ amount: '600.00', reference }, (hold) =>
      makePayment({ amount: '600.00', reference, signal: hold.signal }),
    )
    .then(
      () => 'paid',
      (error) => error.code ?? Promise.reject(error),
    );

const { payOut, stop } = isStore ? { payOut: inline } : await overHttp(await frameworks[piece](guard, makePayment));
const references = ['payout-1', 'payout-2'];
const ends = await Promise.all(references.map(payOut));
assert.deepEqual([...ends].sort(), ['insufficient_funds', 'paid']);

const reference = references[ends.indexOf('paid')];
for (let tries = 0; (await guard.getHold(reference))?.state !== 'captured'; tries++) {
  assert.ok(tries < 200, 'the payout was never captured');
  await sleep(50);
  await guard.reconcile({ reference });
}
assert.equal(await payOut(reference), 'duplicate_reference');
assert.equal((await guard.funds({ refresh: true })).spendable, '400.00');

await stop?.();
assert.deepEqual((await guard.close()).open, []);
await store.close();
await closeClient();
console.log('settled');

/** The same payout as a client of the framework asks for it. */
async function overHttp({ url, stop }) {
  const payOut = async (reference) => {
    const response = await fetch(`${url}/payouts`, {
      method: 'POST',
      // A connection that stays open would keep some servers, and so this process, alive.
      headers: { 'content-type': 'application/json', 'idempotency-key': reference, connection: 'close' },
      body: JSON.stringify({ amount: '600.00' }),
    });
    const { code } = await response.json();
    return code ?? (response.status === 202 ? 'paid' : `HTTP ${response.status}`);
  };
  return { payOut, stop };
}
