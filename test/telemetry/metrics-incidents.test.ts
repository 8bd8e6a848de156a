// Metrics of modes, failures, and payouts that need an operator.
import { describe, expect, it } from '@jest/globals';
import { memoryStore, observing, type PayoutAnswer, PayoutRejectedError } from 'payout-guard';
import { createTelemetry, type ObserveOptions } from 'payout-guard/telemetry';
import { storeFailureCauses } from '../../src/core/store-failure.js';
import { deferred, orphanWallet, scriptedWallet } from '../support/wallet.js';
import { codesOf, collectWarnings } from '../support/warnings.js';
import { endpoint, guards, observed, observedWallets, refusal } from './metrics-support.js';
import { series } from './support.js';

const warnings = collectWarnings();

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
    const foreign = await orphanWallet(store, wallet.clock);
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
