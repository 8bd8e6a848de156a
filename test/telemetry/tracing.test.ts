import { afterEach, describe, expect, it } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import {
  BalanceUnavailableError,
  type GuardOptions,
  memoryStore,
  type PayoutGuard,
  type WalletSettings,
} from 'payout-guard';
import { createTelemetry, type ObserveOptions, type TelemetryOptions } from 'payout-guard/telemetry';
import { scriptedWallet } from '../support/wallet.js';

const exporter = new InMemorySpanExporter();
let guard: PayoutGuard | undefined;
afterEach(async () => {
  await guard?.close();
  exporter.reset();
});

function traced(
  options: TelemetryOptions & { processors?: SpanProcessor[]; about?: ObserveOptions | 'none' } = {},
  guardOptions: Partial<GuardOptions & WalletSettings> = {},
) {
  const { processors = [new SimpleSpanProcessor(exporter)], about, ...telemetryOptions } = options;
  const tracerProvider = new BasicTracerProvider({ spanProcessors: processors });
  const telemetry = createTelemetry({ tracerProvider, ...telemetryOptions });
  const wallet = scriptedWallet('1000.00');
  const made = wallet.guard({ trace: telemetry.trace, reconcileEveryMs: 0, ...guardOptions });
  guard = made;
  if (about !== 'none') telemetry.observe(made, about);
  return { guard: made, wallet };
}

const spans = () =>
  exporter
    .getFinishedSpans()
    .map(({ name, kind, status, attributes }) => ({ name, kind, status: status.code, attributes }));

describe('spans', () => {
  it('cover hold, fetch, sent, capture, release and lookup, without amounts, references or wallets', async () => {
    const { guard, wallet } = traced({}, { lookup: async () => ({ outcome: 'pending' }) });
    const hold = await guard.hold({ amount: '12.34', reference: 'p-1' });
    await hold.sent();
    await guard.reconcile({ reference: 'p-1' });
    await hold.capture();
    await (await guard.hold({ amount: '12.35', reference: 'p-2' })).release();
    expect(wallet.asked).toBe(1);
    const enforce = { 'payout_guard.mode': 'enforce' };
    expect(spans()).toEqual(
      (['fetch_balance', 'hold', 'sent', 'lookup', 'capture', 'hold', 'release'] as const).map((name) => ({
        name: `payout_guard.${name}`,
        kind: name === 'fetch_balance' || name === 'lookup' ? SpanKind.CLIENT : SpanKind.INTERNAL,
        status: SpanStatusCode.UNSET,
        attributes: {
          'payout_guard.operation': name,
          ...enforce,
          ...(['sent', 'capture', 'release'].includes(name) && { 'payout_guard.settlement': 'done' }),
        },
      })),
    );
    for (const span of exporter.getFinishedSpans()) expect(span.events).toEqual([]);
  });

  it('show a failure by its code, whether the step threw at once or later, and nothing else of it', async () => {
    const store = memoryStore();
    const { guard, wallet } = traced({}, { store });
    await expect(guard.hold({ amount: '1000.01', reference: 'p-1' })).rejects.toMatchObject({
      code: 'insufficient_funds',
    });
    const hold = await guard.hold({ amount: '1.00', reference: 'p-2' });
    const { settle } = store;
    store.settle = () => {
      throw new Error('secret of the store');
    };
    await expect(hold.capture()).rejects.toMatchObject({ reason: 'store' });
    store.settle = settle;
    wallet.answer = async () => {
      throw new BalanceUnavailableError('unauthorized', { detail: 'secret of the detail' });
    };
    await expect(guard.assertSufficientFunds('1.00', { refresh: true })).rejects.toMatchObject({
      reason: 'unauthorized',
    });
    wallet.answer = async () => {
      throw new Error('secret of the provider');
    };
    wallet.clock.advance(2_000);
    await expect(guard.assertSufficientFunds('1.00', { refresh: true })).rejects.toThrow();
    const told = spans().map(({ name, status, attributes }) => [name, status, attributes['error.type']]);
    expect(told).toEqual([
      ['payout_guard.fetch_balance', SpanStatusCode.UNSET, undefined],
      ['payout_guard.hold', SpanStatusCode.ERROR, 'insufficient_funds'],
      ['payout_guard.hold', SpanStatusCode.UNSET, undefined],
      ['payout_guard.capture', SpanStatusCode.ERROR, 'store'],
      ['payout_guard.fetch_balance', SpanStatusCode.ERROR, 'unauthorized'],
      ['payout_guard.fetch_balance', SpanStatusCode.ERROR, '_OTHER'],
    ]);
    const everything = JSON.stringify(
      exporter.getFinishedSpans().map(({ status, attributes, events }) => [status, attributes, events]),
    );
    expect(everything).not.toMatch(/secret|1000|message/);
  });

  it('carry references, name and listed wallets when the options allow it, and no invalid reference', async () => {
    const { guard } = traced({ references: true, about: { name: 'kes', wallets: ['default'] } });
    const hold = await guard.hold({ amount: '1.00', reference: 'p-1', wallet: 'default' });
    await hold.capture();
    const injected = 'x'.repeat(100_000);
    await guard.hold({ amount: '1.00', reference: injected }).catch(() => {});
    const common = { 'payout_guard.mode': 'enforce', 'payout_guard.name': 'kes' };
    expect(spans().map(({ attributes }) => attributes)).toEqual([
      { 'payout_guard.operation': 'fetch_balance', ...common, 'payout_guard.wallet': 'default' },
      {
        'payout_guard.operation': 'hold',
        ...common,
        'payout_guard.wallet': 'default',
        'payout_guard.reference': 'p-1',
      },
      {
        'payout_guard.operation': 'capture',
        ...common,
        'payout_guard.reference': 'p-1',
        'payout_guard.settlement': 'done',
      },
      // A request without a valid reference starts no step.
    ]);
  });

  it('of a settlement that the store refuses have not failed, and carry its answer', async () => {
    const { guard } = traced();
    const hold = await guard.hold({ amount: '1.00', reference: 'p-1' });
    await hold.release();
    await expect(guard.capture('p-1', undefined, { attempt: 'another' })).rejects.toMatchObject({ code: 'hold_state' });
    await guard.release('p-1');
    const told = spans().flatMap(({ attributes, status }) =>
      attributes['payout_guard.settlement'] === undefined
        ? []
        : [[attributes['payout_guard.settlement'], status, attributes['error.type']]],
    );
    expect(told).toEqual([
      ['done', SpanStatusCode.UNSET, undefined],
      ['illegal', SpanStatusCode.UNSET, undefined],
      ['already', SpanStatusCode.UNSET, undefined],
    ]);
  });

  it('of a settlement that a store cannot answer because it lost data have failed', async () => {
    const store = memoryStore();
    const { guard } = traced({}, { store });
    const hold = await guard.hold({ amount: '1.00', reference: 'p-1' });
    const { settle } = store;
    store.settle = () => ({ outcome: 'recovering', forMs: 1_000 });
    await expect(hold.sent()).rejects.toMatchObject({ reason: 'store' });
    store.settle = settle;
    const [, , sent] = exporter.getFinishedSpans();
    expect(sent).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'payout_guard.settlement': 'recovering', 'error.type': 'store' },
    });
  });

  it('are made before the guard is observed too, without its mode', async () => {
    const { guard } = traced({ about: 'none' });
    await guard.hold({ amount: '1.00', reference: 'p-1' });
    expect(spans().map(({ attributes }) => attributes)).toEqual([
      { 'payout_guard.operation': 'fetch_balance' },
      { 'payout_guard.operation': 'hold' },
    ]);
  });

  it('that cannot be made or ended change nothing for the payout', async () => {
    const warnings: string[] = [];
    const { emitWarning } = process;
    process.emitWarning = ((message: string, { code }: { code: string }) =>
      warnings.push(`${code}: ${message}`)) as unknown as typeof process.emitWarning;
    const broken = (method: 'onStart' | 'onEnd'): SpanProcessor => ({
      onStart: () => {},
      onEnd: () => {},
      forceFlush: async () => {},
      shutdown: async () => {},
      [method]: () => {
        throw new Error('broken on purpose');
      },
    });
    for (const method of ['onStart', 'onEnd'] as const) {
      const { guard } = traced({ processors: [broken(method)] });
      const hold = await guard.hold({ amount: '1.00', reference: 'p-1' });
      expect((await hold.capture()).state).toBe('captured');
      await guard.close();
    }
    process.emitWarning = emitWarning;
    const warning = 'PAYOUT_GUARD_TELEMETRY: A step of the guard could not be traced.';
    expect(warnings).toEqual(Array.from({ length: 6 }, () => warning));
  });
});

describe('the trace', () => {
  it('returns the same value or promise as the step, and throws the same error', async () => {
    const { trace } = createTelemetry();
    const step = { name: 'hold' } as const;
    const promise = Promise.resolve(1);
    expect(trace(step, () => promise)).toBe(promise);
    expect(trace(step, () => 2)).toBe(2);
    const error = new Error('on purpose');
    const thrower = () => {
      throw error;
    };
    expect(() => trace(step, thrower)).toThrow(error);
    await expect(trace(step, () => Promise.reject(error))).rejects.toBe(error);
  });
});
