// The time from a capture to the balance that shows it: reported if it is certain, and only then.
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore, type PayoutGuard } from 'payout-guard';
import { type DriftEvent, type VisibilityLagEvent, watchDrift } from 'payout-guard/drift';
import { memoryHistory } from 'payout-guard/history';
import { LagMeter, type LateCapture, type RecordedCapture } from '../../src/drift/lag.js';
import { Random } from '../simulation/random.js';
import { byBudget } from '../support/budget.js';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';

const warnings = collectWarnings();
const running: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(running.splice(0).map((party) => party.close()));
});

interface Watched {
  readonly wallet: ScriptedWallet;
  readonly guard: PayoutGuard;
  readonly events: DriftEvent[];
  readonly lags: VisibilityLagEvent[];
  /** Reads a balance so many milliseconds later. */
  read(afterMs: number, available: string): Promise<void>;
}

/**
 * A wallet of 1,000.00 whose balance was read twice. Its adapter declares nothing, so captures count as held for 10 s.
 */
async function watched(debitVisibleAt: 'completion' | 'unknown' = 'completion'): Promise<Watched> {
  const wallet = scriptedWallet('1000.00', { debitVisibleAt, visibleAfterMs: undefined });
  const guard = wallet.guard({ reconcileEveryMs: 0, store: memoryStore({ clock: wallet.clock }) });
  const [events, lags]: [DriftEvent[], VisibilityLagEvent[]] = [[], []];
  const watch = watchDrift(guard, { onDrift: (event) => events.push(event), onLag: (event) => lags.push(event) });
  running.push(watch, guard);
  await watch.check();
  await watch.check();
  const read = async (afterMs: number, available: string) => {
    wallet.clock.advance(afterMs);
    wallet.balance = { available, currency: 'KES' };
    await watch.check();
  };
  return { wallet, guard, events, lags, read };
}

const pay = async (guard: PayoutGuard, reference: string, amount = '100.00') =>
  (await guard.hold({ amount, reference, state: 'sent' })).capture();

describe('a capture that the balance shows late', () => {
  it('is reported with both bounds once the balance shows it, and is no drift', async () => {
    const { guard, events, lags, read } = await watched();
    const { attempt } = await pay(guard, 'p-1', '100.00');
    await read(11_000, '1000.00');
    await read(4_000, '1000.00');
    expect(lags).toEqual([]);
    await read(5_000, '900.00');
    const about = { wallet: 'default', currency: 'KES', reference: 'p-1', attempt, amount: '100.00' };
    expect(lags).toEqual([{ ...about, lagMs: 10_000, longerThanMs: 15_000, atMostMs: 20_000 }]);
    await read(600_000, '900.00');
    expect([events, lags.length]).toEqual([[], 1]);
  });

  it('is a credit first when it takes longer than the tolerance, and no debit afterwards', async () => {
    const { guard, events, lags, read } = await watched();
    await pay(guard, 'p-1');
    await read(11_000, '1000.00');
    await read(60_000, '1000.00');
    expect(events).toMatchObject([{ direction: 'credit', amount: '100.00' }]);
    await read(10_000, '900.00');
    expect(lags).toMatchObject([{ longerThanMs: 71_000, atMostMs: 81_000 }]);
    await read(600_000, '900.00');
    expect(events).toHaveLength(1);
  });

  it('is reported with its real debit', async () => {
    const { guard, lags, read } = await watched();
    await (await guard.hold({ amount: '100.00', reference: 'p-1', state: 'sent' })).capture('101.50');
    await read(12_000, '1000.00');
    await read(1_000, '898.50');
    expect(lags).toMatchObject([{ amount: '101.50', longerThanMs: 12_000, atMostMs: 13_000 }]);
  });

  it('needs a second balance of each kind where balances may show payouts that fail', async () => {
    const { guard, lags, read } = await watched('unknown');
    await pay(guard, 'p-1');
    await read(11_000, '1000.00');
    await read(1_000, '1000.00');
    await read(3_000, '900.00');
    expect(lags).toEqual([]);
    await read(1_000, '900.00');
    expect(lags).toMatchObject([{ longerThanMs: 12_000, atMostMs: 15_000 }]);
  });

  it('is counted on the monotonic clock: a step of the time of day changes nothing', async () => {
    const { wallet, guard, lags, read } = await watched();
    await pay(guard, 'p-1');
    wallet.clock.step(3_600_000);
    await read(11_000, '1000.00');
    wallet.clock.step(-3_600_000);
    await read(1_000, '900.00');
    expect(lags).toMatchObject([{ longerThanMs: 11_000, atMostMs: 12_000 }]);
  });

  it('is in the history and, without onLag, a process warning', async () => {
    const wallet = scriptedWallet('1000.00', { visibleAfterMs: 10_000 });
    const guard = wallet.guard({ reconcileEveryMs: 0 });
    const history = memoryHistory();
    const watch = watchDrift(guard, { onDrift: () => {}, history });
    running.push(watch, guard);
    await watch.check();
    await pay(guard, 'p-1');
    wallet.clock.advance(11_000);
    await watch.check();
    wallet.balance = { available: '900.00', currency: 'KES' };
    wallet.clock.advance(1_000);
    await watch.check();
    expect(history.query({ kind: 'visibilityLag' }).entries).toEqual([
      {
        kind: 'visibilityLag',
        at: new Date(wallet.clock.now()),
        wallet: 'default',
        reference: 'p-1',
        amount: '100.00',
        data: {
          currency: 'KES',
          attempt: expect.any(String),
          lagMs: 10_000,
          longerThanMs: 11_000,
          atMostMs: 12_000,
        },
      },
    ]);
    expect(warnings).toEqual([
      'PAYOUT_GUARD_DRIFT: The balance showed payout p-1 11000 to 12000 ms after its capture, and visibilityLagMs ' +
        'is 10000. Raise it to at least 12000 in every process (wallet default).',
    ]);
  });
});

describe('a lag is not reported', () => {
  it('when the balance shows the capture within visibilityLagMs', async () => {
    const { guard, events, lags, read } = await watched();
    await pay(guard, 'p-1');
    await read(5_000, '1000.00');
    await read(5_001, '900.00');
    await read(600_000, '900.00');
    expect([events, lags]).toEqual([[], []]);
  });

  it('when another process recorded the capture', async () => {
    const { wallet, guard, lags, read } = await watched();
    const other = wallet.guard({ reconcileEveryMs: 0, store: guard.internals.store });
    running.push(other);
    await pay(other, 'p-1');
    await read(11_000, '1000.00');
    await read(1_000, '900.00');
    expect(lags).toEqual([]);
  });

  it('when two captures entered the mark meanwhile', async () => {
    const { guard, lags, read } = await watched();
    await pay(guard, 'p-1', '100.00');
    await pay(guard, 'p-2', '50.00');
    await read(11_000, '950.00');
    await read(1_000, '850.00');
    expect(lags).toEqual([]);
  });

  it('when money came in, and left again for another reason than the capture', async () => {
    const { guard, events, lags, read } = await watched();
    await pay(guard, 'p-1', '100.00');
    await read(11_000, '1000.01');
    await read(1_000, '900.00');
    await read(120_000, '900.00');
    expect(lags).toEqual([]);
    expect(events.map(({ direction, amount }) => `${direction} ${amount}`)).toEqual(['credit 100.01', 'debit 100.01']);
  });
});

it('is no lag when it is exactly the declared one', () => {
  const lagOf = (delayMs: number) => {
    const meter = new LagMeter({ lagMs: 5_000, mayBlip: false });
    const balance = (number: number, atMs: number, availableMinor: bigint, markMinor: bigint) => {
      const times = { requestedAtMs: atMs, receivedAtMs: atMs };
      const evidence = { number, ...times, availableMinor, markMinor, debitsMinor: [], furtherMinor: 0n };
      return meter.add({ evidence, requestedMs: atMs, receivedMs: atMs });
    };
    balance(1, 0, 100n, 0n);
    meter.captured({ reference: 'p-1', attempt: 'a', debitedMinor: 10n, atMs: 1_000 });
    balance(2, 1_000 + delayMs, 100n, 10n);
    return balance(3, 10_000, 90n, 10n)?.longerThanMs;
  };
  expect([lagOf(5_000), lagOf(5_001)]).toEqual([undefined, 5_001]);
});

/** A capture of the model below: the times of its record and of its balance, and the process that recorded it. */
interface ModelCapture extends RecordedCapture {
  readonly shownMs: number;
  readonly isOwn: boolean;
}

/** Runs a history of captures, some of which the balance shows late, and returns the reports of each. */
function play(seed: number): { reports: { late: LateCapture; shownAfterMs: number }[]; lateOnes: number } {
  const random = new Random(seed);
  const lagMs = random.pick([0, 5_000, 10_000] as const);
  const meter = new LagMeter({ lagMs, mayBlip: false });
  const captures: ModelCapture[] = [];
  const reports: { late: LateCapture; shownAfterMs: number }[] = [];
  const sum = (which: readonly ModelCapture[]) => which.reduce((total, { debitedMinor }) => total + debitedMinor, 0n);
  let nowMs = 0;
  for (let step = 0; step < 40; step++) {
    nowMs += random.between(1, 15_000);
    if (step > 0 && random.chance(0.4)) {
      const delayMs = random.chance(0.5) ? random.between(0, 40_000) : random.between(0, lagMs);
      const capture = {
        reference: `p-${step}`,
        attempt: `a-${step}`,
        debitedMinor: random.pick([100n, 100n, 200n, 300n, 700n] as const),
        atMs: nowMs,
        shownMs: nowMs + delayMs,
        isOwn: random.chance(0.7),
      };
      captures.push(capture);
      if (capture.isOwn) meter.captured(capture);
      continue;
    }
    const mark = captures.filter(({ atMs }) => atMs + lagMs <= nowMs);
    // One that is not in the mark yet counts as held: the wallet is not at rest.
    if (mark.length < captures.length) continue;
    const availableMinor = 100_000n - sum(captures.filter(({ shownMs }) => shownMs <= nowMs));
    const evidence = {
      number: step,
      requestedAtMs: nowMs,
      receivedAtMs: nowMs,
      availableMinor,
      markMinor: sum(mark),
      debitsMinor: [],
      furtherMinor: 0n,
    };
    const late = meter.add({ evidence, requestedMs: nowMs, receivedMs: nowMs });
    const shown = captures.find(({ reference }) => reference === late?.capture.reference);
    if (late && shown) reports.push({ late, shownAfterMs: shown.shownMs - shown.atMs });
  }
  return { reports, lateOnes: captures.filter(({ atMs, shownMs }) => shownMs - atMs > lagMs).length };
}

const histories = byBudget({ small: 5_000, large: 50_000 });

it(`is true in ${histories} seeded histories: captures of equal amounts, of other processes, several late`, () => {
  const [wrong, totals]: [unknown[], { reports: number; late: number }] = [[], { reports: 0, late: 0 }];
  for (let seed = 1; seed <= histories; seed++) {
    const { reports, lateOnes } = play(seed);
    totals.reports += reports.length;
    totals.late += lateOnes;
    for (const { late, shownAfterMs } of reports) {
      if (shownAfterMs <= late.longerThanMs || shownAfterMs > late.atMostMs) wrong.push({ seed, late, shownAfterMs });
    }
  }
  expect(wrong).toEqual([]);
  // Most late captures overlap with others, so they prove nothing.
  expect(totals.reports).toBeGreaterThan(histories / 20);
  expect(totals.late).toBeGreaterThan(totals.reports);
});
