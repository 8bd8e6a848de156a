import { describe, expect, it } from '@jest/globals';
import { BalanceUnavailableError, createPayoutGuard, isPayoutGuardError } from 'payout-guard';
import { jpay } from 'payout-guard/providers/jpay';
import { createTelemetry, type ObserveOptions } from 'payout-guard/telemetry';
import { jpaySimulator } from 'payout-guard/testing';
import { everyMetric, metrics, prometheusName } from '../../src/telemetry/metrics.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { endpoint, guards, observed, observedWallets, refusal } from './metrics-support.js';
import { series } from './support.js';

collectWarnings();

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
