// A day of payouts from two wallets against simulated providers, as the console shows it: for the demo and for the
// screenshot of the console. The day passes in a moment, because the guard's clock is behind and catches up.
import { type Clock, createPayoutGuard, memoryStore, type PayoutGuard } from 'payout-guard';
import { type History, memoryHistory, recordHistory } from 'payout-guard/history';
import { createMonitor, type Monitor } from 'payout-guard/monitor';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import {
  type InterswitchSimulator,
  interswitchSimulator,
  type JpaySimulator,
  jpaySimulator,
} from 'payout-guard/testing';
import { interswitchPayments, jpayPayments, type MakePayment } from './payments.js';

export interface ConsoleDay {
  readonly guard: PayoutGuard;
  readonly history: History;
  readonly monitor: Monitor;
  readonly close: () => Promise<void>;
}

const aMinuteMs = 60_000;
const names = ['salary', 'supplier', 'refund', 'float'];

export async function consoleDay(): Promise<ConsoleDay> {
  const jpaySide = await jpaySimulator({ payout: '250000.00', callback: 'none' });
  const interswitchSide = await interswitchSimulator({ available: '5000000', ledger: '9000000' });
  const { clock, pass } = lateClock(23 * 60 * aMinuteMs);
  const { url: baseUrl, appKey, appSecret } = jpaySide;
  const guard = createPayoutGuard({
    wallets: {
      'jpay-kes': { provider: jpay({ baseUrl, appKey, appSecret }), currency: 'KES', floor: '5000.00' },
      'isw-ugx': {
        provider: interswitch({ baseUrl: interswitchSide.url }),
        currency: 'UGX',
        returns: 'providerAnswer',
      },
    },
    store: memoryStore({ clock }),
    lookupsPerSecond: 100,
    clock,
  });
  const history = memoryHistory();
  recordHistory(guard, history);
  const monitor = createMonitor(guard, {
    wallets: [
      { wallet: 'jpay-kes', thresholds: ['100000.00', '50000.00'] },
      { wallet: 'isw-ugx', thresholds: ['1000000'] },
    ],
    schedule: { everyMs: 10_000 },
    onAlert: () => {},
    drift: { history },
    clock,
  });
  await play({ guard, monitor, pass, jpaySide, interswitchSide });
  monitor.start();
  return {
    guard,
    history,
    monitor,
    close: async () => {
      await guard.close({ waitMs: 0 });
      await monitor.close();
      await jpaySide.close();
      await interswitchSide.close();
    },
  };
}

interface Day {
  readonly guard: PayoutGuard;
  readonly monitor: Monitor;
  readonly pass: (ms: number) => void;
  readonly jpaySide: JpaySimulator;
  readonly interswitchSide: InterswitchSimulator;
}

async function play({ guard, monitor, pass, jpaySide, interswitchSide }: Day): Promise<void> {
  const pay: Record<string, MakePayment> = {
    'jpay-kes': jpayPayments({
      baseUrl: jpaySide.url,
      accessToken: () => jpaySide.accessToken(),
      appCode: 12_345,
      callbackUrl: () => 'https://api.example/jpay/callbacks',
    }),
    'isw-ugx': interswitchPayments(interswitchSide.url),
  };
  const payOut = (wallet: string, amount: string, reference: string) =>
    guard
      .withHold({ wallet, amount, reference, metadata: { tenant: 'demo' } }, (hold) =>
        pay[wallet]?.({ wallet, to: '+254712345678', amount, reference: hold.reference, signal: hold.signal }),
      )
      // Refusals are part of the day.
      .catch(() => {});

  for (let hour = 0; hour < 23; hour++) {
    const reference = `${names[hour % names.length]}-${1_000 + hour}`;
    await payOut('jpay-kes', `${9_500 + ((hour * 7_919) % 6_000)}.50`, reference);
    await payOut('isw-ugx', `${120_000 + ((hour * 104_729) % 90_000)}`, `agent-${2_000 + hour}`);
    pass(7 * aMinuteMs);
    // The last two payouts have no outcome yet.
    if (hour < 21) {
      if (jpaySide.payouts.some(({ refNo, status }) => refNo === reference && status === 'pending')) {
        jpaySide.advance(reference, hour % 9 === 5 ? 'failed' : 'completed');
      }
      await guard.reconcile({ olderThanMs: 0 });
    }
    if (hour === 13) {
      monitor.drift('jpay-kes')?.credit({ amount: '120000.00' });
      jpaySide.credit('payout', '120000.00');
    }
    if (hour === 17) jpaySide.debit('payout', '2400.00');
    pass(28 * aMinuteMs);
    await monitor.check();
    pass(25 * aMinuteMs);
    await monitor.check();
  }
  await payOut('jpay-kes', '400000.00', 'supplier-3001');
}

/** A clock that is behind, and moves on by a call as well as with the time. */
function lateClock(behindMs: number): { readonly clock: Clock; readonly pass: (ms: number) => void } {
  let leftMs = behindMs;
  const pass = (ms: number) => {
    leftMs = Math.max(0, leftMs - ms);
  };
  return {
    clock: { now: () => Date.now() - leftMs, elapsed: () => performance.now() + behindMs - leftMs },
    pass,
  };
}
