import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  BalanceUnavailableError,
  createPayoutGuard,
  isPayoutGuardError,
  memoryStore,
  type PayoutGuard,
  type PayoutGuardOptions,
} from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { createTelemetry, type ObserveOptions } from 'payout-guard/telemetry';
import { jpaySimulator } from 'payout-guard/testing';
import { everyMetric, metrics, prometheusName } from '../../src/telemetry/metrics.js';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { type Scraped, scraped, series } from './support.js';

const warnings: string[] = [];
const { emitWarning } = process;
let endpoint: Scraped;
let guards: PayoutGuard[];

beforeEach(async () => {
  warnings.length = 0;
  process.emitWarning = ((message: string, { code }: { code: string }) => {
    warnings.push(`${code}: ${message}`);
  }) as typeof process.emitWarning;
  endpoint = await scraped();
  guards = [];
});
afterEach(async () => {
  process.emitWarning = emitWarning;
  for (const guard of guards) await guard.close();
  await endpoint.close();
});

function observed(
  wallet: ScriptedWallet,
  options: Partial<PayoutGuardOptions> = {},
  about: ObserveOptions = {},
): { guard: PayoutGuard; stop: () => void } {
  const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
  const guard = wallet.guard({ trace: telemetry.trace, ...options });
  guards.push(guard);
  return { guard, stop: telemetry.observe(guard, about) };
}

const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'was not refused',
    (error: unknown) => (isPayoutGuardError(error) ? error.code : error),
  );

describe('the Prometheus endpoint', () => {
  it('agrees with the answers of some hundred payouts to the last count', async () => {
    const simulator = await jpaySimulator({ payout: '30000.00', collection: '99000.00' });
    const { url: baseUrl, appKey, appSecret } = simulator;
    const telemetry = createTelemetry({ meterProvider: endpoint.meterProvider });
    const guard = createPayoutGuard({
      provider: jpay({ baseUrl, appKey, appSecret }),
      currency: 'KES',
      trace: telemetry.trace,
      cache: { maxAgeMs: 100 },
      minRefreshMs: 100,
    });
    guards.push(guard);
    telemetry.observe(guard, { name: 'demo' });

    // Counted from what callers are told, not from events.
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
        const decision = isRefusal ? 'refused' : 'rejected';
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
    // The run was worth it: every kind of answer came.
    expect(Object.values(answers).reduce((sum, value) => sum + value)).toBe(12 * 34 + 5);
    const kinds = [
      'decision=approved,operation=check',
      'decision=approved,operation=hold',
      'decision=refused,error_type=insufficient_funds,operation=check,temporary=false',
      'decision=refused,error_type=insufficient_funds,operation=hold,temporary=true',
      'decision=rejected,error_type=forbidden,operation=check',
      'decision=rejected,error_type=hold_conflict,operation=hold',
      'decision=rejected,error_type=invalid_amount,operation=hold',
    ];
    expect(Object.keys(answers)).toEqual(expect.arrayContaining(kinds));
    for (const value of [...Object.values(answers), captured, released]) expect(value).toBeGreaterThan(0);
  }, 60_000);

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
      'decision=refused,error_type=insufficient_funds,operation=hold,temporary=true,wallet=default': 1,
      'decision=rejected,error_type=duplicate_reference,operation=hold': 1,
      'decision=rejected,error_type=invalid_reference,operation=hold': 2,
      'decision=rejected,error_type=configuration,operation=check,wallet=_OTHER': 1,
      'decision=rejected,error_type=currency_mismatch,operation=check': 1,
    });
  });

  it('says the type and unit of each metric as the table does', async () => {
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
    const { guard } = observed(scriptedWallet('10.00'), { mode: 'observe' }, { expose: 'amounts' });
    const hold = await guard.hold({ amount: '11.00', reference: 'p-1' });
    expect(hold.decision.refusal).toBe('insufficient_funds');
    await hold.capture();
    const samples = (await endpoint.scrape()).filter(({ name }) => name !== 'target_info');
    expect(samples.length).toBeGreaterThan(5);
    expect(samples.filter(({ labels }) => labels.payout_guard_mode !== 'observe')).toEqual([]);
    expect(series(samples, 'payout_guard_decisions_total')).toEqual({
      'decision=refused,error_type=insufficient_funds,operation=hold,temporary=false': 1,
    });
    expect(guard.shadowReport()?.refused).toBe(1);
  });

  it('is there before anything happened', async () => {
    observed(scriptedWallet(), { mode: 'observe' });
    const samples = await endpoint.scrape();
    const zero = { otel_scope_name: 'payout-guard', payout_guard_mode: 'observe' };
    expect(samples.filter(({ name }) => name !== 'target_info')).toEqual([
      { name: 'payout_guard_holds_unsettled_total', labels: zero, value: 0 },
      { name: 'payout_guard_holds_overdue', labels: zero, value: 0 },
      { name: 'payout_guard_frozen', labels: zero, value: 0 },
    ]);
  });
});

describe('amounts', () => {
  it('are in no metric unless they are asked for', async () => {
    const { guard } = observed(scriptedWallet('1234.56'), {}, { wallets: ['default'] });
    await guard.hold({ amount: '777.77', reference: 'p-1' });
    const text = await endpoint.text();
    expect(text).toContain('payout_guard_decisions_total');
    for (const seen of ['1234.56', '777.77', '456.79', 'payout_guard_available', 'payout_guard_held']) {
      expect(text).not.toContain(seen);
    }
  });

  it('are what guard.funds says when they are, and not a number when it cannot be told', async () => {
    const wallet = scriptedWallet('1234.56', { wallets: 'many' });
    const { guard } = observed(
      wallet,
      { floor: '100.00', wallets: ['till', 'shop'] },
      { wallets: ['default', 'till'], expose: 'amounts' },
    );
    await guard.hold({ amount: '777.77', reference: 'p-1', wallet: 'till' });
    const samples = await endpoint.scrape();
    expect(series(samples, 'payout_guard_available')).toEqual({
      'currency=KES,wallet=default': 1234.56,
      'currency=KES,wallet=till': 1234.56,
    });
    expect(series(samples, 'payout_guard_held')).toEqual({ 'currency=KES,wallet=till': 777.77 });
    expect(series(samples, 'payout_guard_spendable')).toEqual({
      'currency=KES,wallet=default': 1134.56,
      'currency=KES,wallet=till': 356.79,
    });
    wallet.clock.advance(60_000);
    wallet.answer = async () => {
      throw new BalanceUnavailableError('timeout');
    };
    const later = await endpoint.scrape();
    expect(series(later, 'payout_guard_available')).toEqual({
      'currency=KES,wallet=default': Number.NaN,
      'currency=KES,wallet=till': Number.NaN,
    });
    expect(series(later, 'payout_guard_provider_request_duration_count')).toMatchObject({
      'error_type=timeout,operation=fetch_balance': 2,
    });
  });

  it('are given up after four seconds, so that the rest is served', async () => {
    const wallet = scriptedWallet();
    wallet.answer = () => new Promise(() => {});
    observed(wallet, {}, { expose: 'amounts' });
    const startedAt = performance.now();
    const samples = await endpoint.scrape();
    const tookMs = performance.now() - startedAt;
    expect(samples.some(({ name }) => name === 'payout_guard_frozen')).toBe(true);
    expect([tookMs > 3_500, tookMs < 8_000]).toEqual([true, true]);
  }, 15_000);
});

describe('a frozen wallet', () => {
  it('is told by the process that froze it and by one that was refused, until it is unfrozen elsewhere', async () => {
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

  it('is one of those without a name if it was not listed', async () => {
    const wallet = scriptedWallet('1000.00', { wallets: 'many' });
    const { guard } = observed(wallet, { wallets: ['till', 'shop', 'bar'] }, { wallets: ['till'] });
    for (const key of ['till', 'shop', 'bar']) await guard.freeze(key, 'drift');
    const frozen = async () => series(await endpoint.scrape(), 'payout_guard_frozen');
    expect(await frozen()).toEqual({ 'wallet=till': 1, 'wallet=_OTHER': 2 });
    for (const key of ['till', 'shop', 'bar']) await guard.unfreeze(key);
    expect(await frozen()).toEqual({});
  });
});

describe('holds that somebody must look at', () => {
  it('are counted as overdue by each reconciliation, and the warning of the guard stays', async () => {
    const wallet = scriptedWallet('1000.00');
    const { guard } = observed(wallet, { lookup: async () => ({ outcome: 'pending' }), reconcileEveryMs: 0 });
    const overdue = async () => series(await endpoint.scrape(), 'payout_guard_holds_overdue');
    for (const reference of ['p-1', 'p-2']) await guard.hold({ amount: '1.00', reference, state: 'sent' });
    wallet.clock.advance(300_000);
    await guard.hold({ amount: '1.00', reference: 'p-3', state: 'sent' });
    await guard.reconcile({ olderThanMs: 0 });
    expect(await overdue()).toEqual({ '': 2 });
    expect(warnings).toEqual([expect.stringMatching(/^PAYOUT_GUARD_OVERDUE: The outcome of 2 payout/)]);
    await guard.capture('p-1');
    await guard.reconcile();
    expect(await overdue()).toEqual({ '': 1 });
    await guard.release('p-2');
    await guard.reconcile();
    expect(await overdue()).toEqual({});
    expect(series(await endpoint.scrape(), 'payout_guard_provider_request_duration_count')).toMatchObject({
      'operation=lookup': 4,
    });
  });

  it('are counted when they cannot be settled, from zero on', async () => {
    const { guard } = observed(scriptedWallet('1000.00'));
    const unsettled = async () =>
      (await endpoint.scrape()).filter(({ name }) => name === 'payout_guard_holds_unsettled_total');
    expect((await unsettled()).map(({ value }) => value)).toEqual([0]);
    const hold = await guard.hold({ amount: '1.00', reference: 'p-1', state: 'sent' });
    await guard.release('p-1');
    await guard.conclude(hold, 'accepted', { settles: 'onReturn' });
    expect((await unsettled()).map(({ value }) => value)).toEqual([1]);
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

  it('refuses options that mean nothing, all at once, and a second guard', async () => {
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
