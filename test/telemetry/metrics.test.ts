import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BalanceUnavailableError,
  createPayoutGuard,
  type GuardOptions,
  isPayoutGuardError,
  memoryStore,
  observing,
  type PayoutAnswer,
  type PayoutGuard,
  PayoutRejectedError,
  type WalletSettings,
} from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { createTelemetry, type ObserveOptions } from 'payout-guard/telemetry';
import { jpaySimulator } from 'payout-guard/testing';
import { storeFailureCauses } from '../../src/core/store-failure.js';
import { everyMetric, metrics, prometheusName } from '../../src/telemetry/metrics.js';
import { deferred, type ScriptedWallet, scriptedWallet, stoppedClock } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { type Scraped, scraped, series } from './support.js';

const warnings = collectWarnings();
let endpoint: Scraped;
let guards: PayoutGuard[];

beforeEach(async () => {
  endpoint = await scraped();
  guards = [];
});
afterEach(async () => {
  for (const guard of guards) await guard.close();
  await endpoint.close();
});

function observed(
  wallet: ScriptedWallet,
  options: Partial<GuardOptions & WalletSettings> = {},
  about: ObserveOptions = {},
): { guard: PayoutGuard; stop: () => void } {
  const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
  const guard = wallet.guard({ trace: telemetry.trace, reconcileEveryMs: 0, ...options });
  guards.push(guard);
  return { guard, stop: telemetry.observe(guard, about) };
}

/** A guard of several KES wallets, each with 1,234.56. */
function observedWallets(keys: readonly string[], options: Partial<GuardOptions>, about: ObserveOptions) {
  const clock = stoppedClock();
  const parts = Object.fromEntries(keys.map((key) => [key, scriptedWallet('1234.56')]));
  const wallets = Object.fromEntries(
    keys.map((key) => [key, { provider: (parts[key] as ScriptedWallet).provider, currency: 'KES', floor: '100.00' }]),
  );
  const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
  const guard = createPayoutGuard({ wallets, clock, trace: telemetry.trace, reconcileEveryMs: 0, ...options });
  guards.push(guard);
  telemetry.observe(guard, about);
  return { guard, clock, wallets: parts };
}

const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'was not refused',
    (error: unknown) => (isPayoutGuardError(error) ? error.code : error),
  );

describe('the Prometheus endpoint', () => {
  it('agrees exactly with the answers to several hundred payouts', async () => {
    const simulator = await jpaySimulator({ payout: '30000.00', collection: '99000.00' });
    const { url: baseUrl, appKey, appSecret } = simulator;
    const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
    const guard = createPayoutGuard({
      provider: jpay({ baseUrl, appKey, appSecret }),
      currency: 'KES',
      visibilityLagMs: 0,
      trace: telemetry.trace,
      cache: { maxAgeMs: 100 },
      minRefreshMs: 100,
    });
    guards.push(guard);
    telemetry.observe(guard, { name: 'demo' });

    // Counted from the answers to callers, not from events.
    const answers: Record<string, number> = {};
    const changes: Record<string, number> = {};
    const steps: Record<string, number> = {};
    const count = (tally: Record<string, number>, key: string) => {
      tally[key] = (tally[key] ?? 0) + 1;
    };
    const asked = async <T>(operation: string, ask: () => Promise<T>): Promise<T | undefined> => {
      try {
        const answer = await ask();
        count(answers, `decision=approved,operation=${operation}`);
        if (operation === 'hold') count(steps, 'operation=hold');
        return answer;
      } catch (error) {
        if (!isPayoutGuardError(error)) throw error;
        const type = error instanceof BalanceUnavailableError || 'reason' in error ? String(error.reason) : error.code;
        const isRefusal = error.code === 'insufficient_funds';
        const temporary = isRefusal ? `,temporary=${(error as unknown as { temporary: boolean }).temporary}` : '';
        const decision = isRefusal ? 'insufficient' : 'check_failed';
        count(answers, `decision=${decision},error_type=${type},operation=${operation}${temporary}`);
        if (operation === 'hold') count(steps, `error_type=${type},operation=hold`);
        return undefined;
      }
    };
    const payout = async (index: number) => {
      const amount = index % 11 === 0 ? '1,500.00' : `${100 + ((index * 37) % 400)}.00`;
      const reference = index % 13 === 0 ? 'p-1' : `p-${index}`;
      const hold = await asked('hold', () => guard.hold({ amount, reference, state: 'sent' }));
      if (!hold) return;
      count(changes, 'hold_change=held');
      if (index % 3 === 0) {
        await hold.release();
        count(changes, 'hold_change=released');
        count(steps, 'operation=release');
      } else if (index % 3 === 1) {
        simulator.debit('payout', hold.amount);
        await hold.capture();
        await hold.capture();
        count(changes, 'hold_change=captured');
        count(steps, 'operation=capture');
        count(steps, 'operation=capture');
      }
    };
    for (let round = 0; round < 12; round++) {
      await Promise.all(Array.from({ length: 32 }, (_, index) => payout(round * 32 + index + 1)));
      await asked('check', () => guard.assertSufficientFunds('1.00'));
      await asked('check', () => guard.assertSufficientFunds('999999.00'));
    }
    const requests = simulator.count('/wallets/balance');
    simulator.fault({ kind: 'status', status: 403 });
    for (let index = 0; index < 5; index++) {
      await asked('check', () => guard.assertSufficientFunds('1.00', { refresh: true }));
    }
    const samples = await endpoint.scrape();
    await simulator.close();

    expect(series(samples, 'payout_guard_decisions_total')).toEqual(answers);
    expect(series(samples, 'payout_guard_hold_changes_total')).toEqual(changes);
    expect(series(samples, 'payout_guard_operation_duration_count')).toEqual(steps);
    const { 'hold_change=captured': captured, 'hold_change=released': released } = changes;
    expect(series(samples, 'payout_guard_hold_duration_count')).toEqual({
      'hold_change=captured': captured,
      'hold_change=released': released,
    });
    expect(series(samples, 'payout_guard_provider_request_duration_count')).toEqual({
      'operation=fetch_balance': requests,
      'error_type=forbidden,operation=fetch_balance': 5,
    });
    // The run covered every kind of answer.
    expect(Object.values(answers).reduce((sum, value) => sum + value)).toBe(12 * 34 + 5);
    const kinds = [
      'decision=approved,operation=check',
      'decision=approved,operation=hold',
      'decision=insufficient,error_type=insufficient_funds,operation=check,temporary=false',
      'decision=insufficient,error_type=insufficient_funds,operation=hold,temporary=true',
      'decision=check_failed,error_type=forbidden,operation=check',
      'decision=check_failed,error_type=hold_conflict,operation=hold',
      'decision=check_failed,error_type=invalid_amount,operation=hold',
    ];
    expect(Object.keys(answers)).toEqual(expect.arrayContaining(kinds));
    for (const value of [...Object.values(answers), captured, released]) expect(value).toBeGreaterThan(0);
  });

  it('serves nothing that is not in the table: no metric, no label, no value of a label', async () => {
    const { guard } = observed(scriptedWallet('1000.00'), {}, { name: 'a', wallets: ['default'], expose: 'amounts' });
    const hold = await guard.hold({ amount: '900.00', reference: 'p-1' });
    await hold.sent();
    for (const attempt of [
      () => guard.hold({ amount: '900.00', reference: 'p-2' }),
      () => guard.hold({ amount: '900.00', reference: 'p-1' }),
      () => guard.hold({ amount: '1.00', reference: '' }),
      () => guard.hold({ amount: '1.00', reference: undefined as unknown as string }),
      () => guard.assertSufficientFunds('1.00', { wallet: 'nobody' }),
      () => guard.assertSufficientFunds('1.00', { currency: 'UGX' }),
    ]) {
      expect(typeof (await refusal(attempt()))).toBe('string');
    }
    await hold.capture('901.00');
    await refusal(hold.release());
    const byName = new Map(Object.values(metrics).map((metric) => [prometheusName(metric), metric]));
    const samples = (await endpoint.scrape()).filter(({ name }) => name !== 'target_info');
    expect(new Set(samples.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))).toEqual(
      new Set(byName.keys()),
    );
    for (const { name, labels } of samples) {
      const metric = byName.get(name.replace(/_(bucket|sum|count)$/, ''));
      const { le: _, otel_scope_name: scope, ...own } = labels;
      expect([scope, own.payout_guard_mode, own.payout_guard_name]).toEqual(['payout-guard', 'enforce', 'a']);
      const known = Object.entries({ ...everyMetric, ...metric?.attributes }).map(
        ([attribute, values]) => [attribute.replaceAll('.', '_'), values] as const,
      );
      for (const [label, value] of Object.entries(own)) {
        const values = known.find(([attribute]) => attribute === label)?.[1];
        expect({ name, label, isKnown: values !== undefined }).toEqual({ name, label, isKnown: true });
        if (values?.length) expect(values).toContain(value);
      }
    }
    expect(JSON.stringify(samples)).not.toContain('p-1');
    expect(series(samples, 'payout_guard_decisions_total')).toEqual({
      'decision=approved,operation=hold,wallet=default': 1,
      'decision=insufficient,error_type=insufficient_funds,operation=hold,temporary=true,wallet=default': 1,
      'decision=check_failed,error_type=payout_in_progress,operation=hold': 1,
      'decision=check_failed,error_type=invalid_reference,operation=hold': 2,
      'decision=check_failed,error_type=configuration,operation=check,wallet=_OTHER': 1,
      'decision=check_failed,error_type=currency_mismatch,operation=check': 1,
    });
  });

  it('has the type and unit of each metric as the table does', async () => {
    const { guard } = observed(scriptedWallet('1000.00'), {}, { expose: 'amounts' });
    await guard.withHold({ amount: '1.00', reference: 'p-1', settles: 'onReturn' }, () => {});
    const text = await endpoint.text();
    for (const metric of Object.values(metrics)) {
      const name = prometheusName(metric);
      expect(text).toContain(`# HELP ${name} ${metric.description}\n`);
      expect(text).toContain(`# UNIT ${name} ${metric.unit}\n`);
      expect(text).toContain(`# TYPE ${name} ${metric.kind}\n`);
      for (const bound of metric.boundaries ?? []) {
        expect(text).toMatch(new RegExp(`^${name}_bucket\\{.*le="${String(bound).replace('.', '\\.')}"\\}`, 'm'));
      }
    }
  });

  it('measures how long a hold was held on the clock of the store', async () => {
    const wallet = scriptedWallet('1000.00');
    const { guard } = observed(wallet);
    const hold = await guard.hold({ amount: '1.00', reference: 'p-1', state: 'sent' });
    wallet.clock.advance(2_500);
    await hold.capture();
    expect(series(await endpoint.scrape(), 'payout_guard_hold_duration_sum')).toEqual({ 'hold_change=captured': 2.5 });
  });
});

describe('the mode', () => {
  it('is on every metric of a guard that only observes, whose refusals are counted as such', async () => {
    const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
    const guard = observing(scriptedWallet('10.00').guard({ trace: telemetry.trace, reconcileEveryMs: 0 }));
    guards.push(guard);
    telemetry.observe(guard, { expose: 'amounts' });
    const hold = await guard.hold({ amount: '11.00', reference: 'p-1' });
    await hold.capture();
    const samples = (await endpoint.scrape()).filter(({ name }) => name !== 'target_info');
    expect(samples.length).toBeGreaterThan(5);
    expect(samples.filter(({ labels }) => labels.payout_guard_mode !== 'observe')).toEqual([]);
    expect(series(samples, 'payout_guard_decisions_total')).toEqual({
      'decision=insufficient,error_type=insufficient_funds,operation=hold,temporary=false': 1,
    });
    expect(guard.report().refused).toBe(1);
  });

  it('exists before the first event', async () => {
    const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
    const guard = observing(scriptedWallet().guard());
    guards.push(guard);
    telemetry.observe(guard);
    const samples = (await endpoint.scrape()).filter(({ name }) => name !== 'target_info');
    expect(samples.filter(({ labels, value }) => labels.payout_guard_mode !== 'observe' || value !== 0)).toEqual([]);
    const told = samples.map(({ name, labels: { otel_scope_name, payout_guard_mode, ...own } }) => [
      name,
      ...Object.values(own),
    ]);
    expect(told).toEqual([
      ['payout_guard_settlement_failures_total', 'true'],
      ['payout_guard_settlement_failures_total', 'false'],
      ['payout_guard_incidents_total', 'paid_after_release'],
      ['payout_guard_incidents_total', 'perhaps_paid_twice'],
      ['payout_guard_incidents_total', 'failed_after_capture'],
      ['payout_guard_incidents_total', 'contradiction'],
      ['payout_guard_incidents_total', 'left_open'],
      ['payout_guard_incidents_total', 'lookup_finds_nothing'],
      ...storeFailureCauses.map((cause) => ['payout_guard_store_failures_total', cause]),
      ['payout_guard_holds_overdue'],
      ['payout_guard_holds_never_seen'],
      ['payout_guard_wallets_orphaned'],
      ['payout_guard_frozen'],
    ]);
  });
});

describe('failures of the store', () => {
  it('are counted by cause, each of them, and the rest when the guard closes', async () => {
    const store = memoryStore();
    const { guard } = observed(scriptedWallet('1234.56'), { store });
    await guard.funds();
    const failed = (code: string) => Promise.reject(Object.assign(new Error('secret'), { code }));
    store.hold = () => failed('EPIPE');
    const hold = (number: number) => refusal(guard.hold({ amount: '1.00', reference: `p-${number}` }));
    for (let number = 1; number <= 20; number++) expect(await hold(number)).toBe('balance_unavailable');
    store.hold = () => ({ outcome: 'recovering', forMs: 1_000 });
    await hold(21);
    const failures = async () => series(await endpoint.scrape(), 'payout_guard_store_failures_total');
    expect(await failures()).toEqual({ 'store_cause=other': 1, 'store_cause=recovering': 1 });
    await guard.close();
    expect(await failures()).toEqual({ 'store_cause=other': 20, 'store_cause=recovering': 1 });
    expect(await endpoint.text()).not.toContain('secret');
  });
});

describe('amounts', () => {
  it('are in no metric without the option', async () => {
    const { guard } = observed(scriptedWallet('1234.56'), {}, { wallets: ['default'] });
    await guard.hold({ amount: '777.77', reference: 'p-1' });
    const text = await endpoint.text();
    expect(text).toContain('payout_guard_decisions_total');
    for (const seen of ['1234.56', '777.77', '456.79', 'payout_guard_available', 'payout_guard_held']) {
      expect(text).not.toContain(seen);
    }
  });

  it('are those of guard.funds when they are, and not a number when a balance cannot be read', async () => {
    const about: ObserveOptions = { wallets: ['bank', 'till'], expose: 'amounts' };
    const { guard, clock, wallets } = observedWallets(['bank', 'till', 'shop'], {}, about);
    await guard.hold({ amount: '777.77', reference: 'p-1', wallet: 'till' });
    const samples = await endpoint.scrape();
    expect(series(samples, 'payout_guard_available')).toEqual({
      'currency=KES,wallet=bank': 1234.56,
      'currency=KES,wallet=till': 1234.56,
    });
    expect(series(samples, 'payout_guard_held')).toEqual({ 'currency=KES,wallet=till': 777.77 });
    expect(series(samples, 'payout_guard_spendable')).toEqual({
      'currency=KES,wallet=bank': 1134.56,
      'currency=KES,wallet=till': 356.79,
    });
    clock.advance(60_000);
    for (const wallet of Object.values(wallets)) {
      wallet.answer = async () => {
        throw new BalanceUnavailableError('timeout');
      };
    }
    const later = await endpoint.scrape();
    expect(series(later, 'payout_guard_available')).toEqual({
      'currency=KES,wallet=bank': Number.NaN,
      'currency=KES,wallet=till': Number.NaN,
    });
    expect(series(later, 'payout_guard_provider_request_duration_count')).toMatchObject({
      'error_type=timeout,operation=fetch_balance': 2,
    });
  });

  it('stay in the currency of each wallet, and are never added up', async () => {
    const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
    const [kes, ugx] = [scriptedWallet('-250.50'), scriptedWallet()];
    ugx.balance = { available: '900000', currency: 'UGX' };
    const guard = createPayoutGuard({
      wallets: {
        kes: { provider: kes.provider, currency: 'KES' },
        ugx: { provider: ugx.provider, currency: 'UGX' },
      },
      reconcileEveryMs: 0,
    });
    guards.push(guard);
    expect(() => telemetry.observe(guard, { expose: 'amounts' })).toThrow(
      expect.objectContaining({
        problems: ['wallets: Invalid argument: wallet must be named, because this guard has more than one'],
      }),
    );
    telemetry.observe(guard, { wallets: ['kes', 'ugx'], expose: 'amounts' });
    expect(series(await endpoint.scrape(), 'payout_guard_available')).toEqual({
      'currency=KES,wallet=kes': -250.5,
      'currency=UGX,wallet=ugx': 900_000,
    });
  });

  it('are left out after four seconds, so that the rest is served', async () => {
    const wallet = scriptedWallet();
    const asked = deferred<void>();
    wallet.answer = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    observed(wallet, {}, { expose: 'amounts' });
    let isServed = false;
    const scrape = endpoint.scrape().finally(() => {
      isServed = true;
    });
    await asked.promise;
    await wallet.clock.pass(3_999);
    expect(isServed).toBe(false);
    await wallet.clock.pass(1);
    expect((await scrape).some(({ name }) => name === 'payout_guard_frozen')).toBe(true);
  });
});

describe('a frozen wallet', () => {
  it('is reported by the process that froze it and by a refused one, until it is unfrozen elsewhere', async () => {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    const here = observed(wallet, { store }, { name: 'here', wallets: ['default'] }).guard;
    const there = observed(wallet, { store }, { name: 'there', wallets: ['default'] }).guard;
    const frozen = async () =>
      Object.fromEntries(
        (await endpoint.scrape())
          .filter(({ name }) => name === 'payout_guard_frozen')
          .map(({ labels, value }) => [`${labels.payout_guard_name}/${labels.payout_guard_wallet}`, value]),
      );
    await here.freeze('default', 'drift');
    expect(await frozen()).toEqual({ 'here/default': 1, 'there/default': 0 });
    expect(await refusal(there.hold({ amount: '1.00', reference: 'p-1' }))).toBe('wallet_frozen');
    expect(await frozen()).toEqual({ 'here/default': 1, 'there/default': 1 });
    await there.unfreeze('default');
    expect(await frozen()).toEqual({ 'here/default': 0, 'there/default': 0 });
  });

  it('is counted without its name if it was not listed', async () => {
    const { guard } = observedWallets(['till', 'shop', 'bar'], {}, { wallets: ['till'] });
    for (const key of ['till', 'shop', 'bar']) await guard.freeze(key, 'drift');
    const frozen = async () => series(await endpoint.scrape(), 'payout_guard_frozen');
    expect(await frozen()).toEqual({ 'wallet=till': 1, 'wallet=_OTHER': 2 });
    for (const key of ['till', 'shop', 'bar']) await guard.unfreeze(key);
    expect(await frozen()).toEqual({});
  });
});

describe('payouts that an operator must look at', () => {
  it('are counted by each reconciliation, and the warnings of the guard stay', async () => {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    let answer: PayoutAnswer = { outcome: 'unknown', absent: true };
    const { guard } = observed(wallet, { store, lookup: async () => answer, lookupsPerSecond: 1_000 });
    const gauges = async () => {
      const samples = await endpoint.scrape();
      return ['holds_overdue', 'holds_never_seen', 'wallets_orphaned'].map(
        (name) => samples.find((sample) => sample.name === `payout_guard_${name}`)?.value,
      );
    };
    for (const reference of ['p-1', 'p-2']) await guard.hold({ amount: '1.00', reference, state: 'sent' });
    const foreign = createPayoutGuard({
      wallets: { gone: { provider: scriptedWallet().provider, currency: 'KES' } },
      store,
      clock: wallet.clock,
      reconcileEveryMs: 0,
    });
    await foreign.hold({ wallet: 'gone', amount: '1.00', reference: 'x', state: 'sent' });
    wallet.clock.advance(900_000);
    await guard.hold({ amount: '1.00', reference: 'p-3', state: 'sent' });
    expect(await gauges()).toEqual([0, 0, 0]);
    await guard.reconcile({ olderThanMs: 0 });
    expect(await gauges()).toEqual([2, 2, 1]);
    expect(warnings).toEqual([
      expect.stringMatching(/^PAYOUT_GUARD_ORPHAN: .* wallet gone/),
      expect.stringMatching(/^PAYOUT_GUARD_OVERDUE: The outcome of 2 payout/),
      expect.stringMatching(/^PAYOUT_GUARD_NEVER_SEEN: The provider has no record of 2 overdue/),
    ]);
    answer = { outcome: 'pending' };
    await guard.capture('p-1');
    await foreign.capture('x');
    await foreign.close();
    await guard.reconcile();
    expect(await gauges()).toEqual([1, 0, 0]);
    await guard.release('p-2');
    await guard.reconcile();
    expect(await gauges()).toEqual([0, 0, 0]);
    expect(series(await endpoint.scrape(), 'payout_guard_provider_request_duration_count')).toMatchObject({
      'operation=lookup': 4,
    });
  });

  it('are counted once each when they are an incident, and the warnings of the guard stay', async () => {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    let answer: PayoutAnswer = { outcome: 'failed' };
    const { guard } = observed(wallet, {
      store,
      lookupsPerSecond: 1_000,
      debitVisibleAt: 'acceptance',
      verdictOfResult: () => 'pending',
      lookup: async () => answer,
    });
    const incidents = async () => series(await endpoint.scrape(), 'payout_guard_incidents_total');
    await guard.withHold({ amount: '1.00', reference: 'failed' }, () => 'accepted');
    await guard.reconcile({ reference: 'failed' });
    const [late, twice] = [
      await guard.hold({ amount: '1.00', reference: 'late' }),
      await guard.hold({ amount: '1.00', reference: 'twice' }),
    ];
    wallet.clock.advance(60_000);
    await late.capture();
    await late.capture();
    await (await guard.hold({ amount: '1.00', reference: 'twice' })).capture();
    await twice.capture().catch(() => {});
    const paying = guard.withHold({ amount: '1.00', reference: 'both' }, async () => {
      await guard.capture('both');
      throw new PayoutRejectedError();
    });
    await paying.catch(() => {});
    expect(await incidents()).toEqual({
      'incident=failed_after_capture': 1,
      'incident=paid_after_release': 1,
      'incident=perhaps_paid_twice': 1,
      'incident=contradiction': 1,
    });
    answer = { outcome: 'unknown', absent: true };
    for (let index = 0; index < 20; index++) {
      await guard.hold({ amount: '1.00', reference: `p-${index}`, state: 'sent' });
    }
    await guard.reconcile({ olderThanMs: 0 });
    expect(await incidents()).toMatchObject({ 'incident=lookup_finds_nothing': 1 });
    expect(codesOf(warnings)).toEqual([
      'PAYOUT_GUARD_PAID_AFTER_RELEASE',
      'PAYOUT_GUARD_PAID_AFTER_RELEASE',
      'PAYOUT_GUARD_CONTRADICTION',
      'PAYOUT_GUARD_LOOKUP',
    ]);
  });

  it('are counted when their outcome cannot be recorded, from zero on, and when they are left open', async () => {
    const wallet = scriptedWallet('1000.00');
    const store = memoryStore({ clock: wallet.clock });
    const { guard } = observed(wallet, { store, settles: 'onReturn' });
    const counted = async (name: string, label: string) =>
      Object.fromEntries(
        (await endpoint.scrape())
          .filter((sample) => sample.name === name)
          .map(({ labels, value }) => [labels[label], value]),
      );
    const settlementFailures = () => counted('payout_guard_settlement_failures_total', 'payout_guard_retried');
    expect(await settlementFailures()).toEqual({ true: 0, false: 0 });
    const { settle } = store;
    const down = () => {
      throw new Error('down');
    };
    await guard.withHold({ amount: '1.00', reference: 'p-1' }, () => {
      store.settle = down;
    });
    expect(await settlementFailures()).toEqual({ true: 1, false: 0 });
    store.settle = settle;
    await wallet.clock.pass(1_000);
    const payment = deferred<void>();
    const paying = guard.withHold({ amount: '1.00', reference: 'p-2' }, () => payment.promise);
    await new Promise(setImmediate);
    await guard.close({ waitMs: 0 });
    store.settle = down;
    payment.resolve();
    await paying;
    expect(await settlementFailures()).toEqual({ true: 1, false: 1 });
    expect(await counted('payout_guard_incidents_total', 'payout_guard_incident')).toMatchObject({ left_open: 1 });
    expect(codesOf(warnings)).toEqual([
      'PAYOUT_GUARD_SETTLEMENT_FAILED',
      'PAYOUT_GUARD_LEFT_OPEN',
      'PAYOUT_GUARD_SETTLEMENT_FAILED',
    ]);
  });
});

describe('observing', () => {
  it('ends when it is stopped, and may begin again', async () => {
    const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
    const guard = scriptedWallet('1000.00').guard({ trace: telemetry.trace });
    guards.push(guard);
    const stop = telemetry.observe(guard);
    await guard.assertSufficientFunds('1.00');
    stop();
    stop();
    await guard.hold({ amount: '1.00', reference: 'p-1' });
    const counted = { 'decision=approved,operation=check': 1 };
    const samples = await endpoint.scrape();
    expect(series(samples, 'payout_guard_decisions_total')).toEqual(counted);
    expect(series(samples, 'payout_guard_operation_duration_count')).toEqual({});
    expect(samples.filter(({ name }) => name === 'payout_guard_frozen')).toEqual([]);
    telemetry.observe(guard);
    await guard.assertSufficientFunds('1.00');
    expect(series(await endpoint.scrape(), 'payout_guard_decisions_total')).toEqual({
      'decision=approved,operation=check': 2,
    });
  });

  it('of several guards keeps them apart by name', async () => {
    for (const [name, balance] of Object.entries({ one: '10.00', two: '20.00' })) {
      const { guard } = observed(scriptedWallet(balance), {}, { name, expose: 'amounts' });
      await guard.assertSufficientFunds('1.00');
      if (name === 'two') await guard.assertSufficientFunds('1.00');
    }
    const told = (await endpoint.scrape())
      .filter(({ name }) => ['payout_guard_decisions_total', 'payout_guard_available'].includes(name))
      .map(({ name, labels, value }) => `${name} ${labels.payout_guard_name} ${value}`);
    expect(told.sort()).toEqual([
      'payout_guard_available one 10',
      'payout_guard_available two 20',
      'payout_guard_decisions_total one 1',
      'payout_guard_decisions_total two 2',
    ]);
  });

  it('rejects all invalid options at once, and a second guard', async () => {
    const guard = scriptedWallet().guard();
    guards.push(guard);
    const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
    const problemsOf = (run: () => unknown) => {
      try {
        run();
        return [];
      } catch (error) {
        return (error as { problems: string[] }).problems;
      }
    };
    const nonsense = { name: '', wallets: ['a b'], expose: 'balances', label: 1 } as unknown as ObserveOptions;
    expect(problemsOf(() => telemetry.observe(guard, nonsense))).toHaveLength(4);
    expect(problemsOf(() => createTelemetry({ meterProvider: {} as never, references: 1 as never }))).toHaveLength(2);
    telemetry.observe(guard);
    expect(problemsOf(() => telemetry.observe(guard))).toEqual(['observe: every guard needs a telemetry of its own']);
  });
});
