// A guard on each provider over real HTTP, on a clock that the test moves. Payouts stay open until the test ends them.
import type { BalanceProvider, Hold, PayoutGuard } from 'payout-guard';
import { interswitch } from 'payout-guard/providers/interswitch';
import { jpay } from 'payout-guard/providers/jpay';
import { phoenixTerminal } from 'payout-guard/providers/phoenix';
import type { Fault, Simulator } from 'payout-guard/testing';
import { guardOf, quick, startInterswitch, startJpay, startPhoenix } from '../providers/support.js';
import { stoppedClock, type TestClock } from '../support/wallet.js';

export interface World {
  readonly clock: TestClock;
  readonly guard: PayoutGuard;
  /** Sends a payout of 100 with the reference of the hold. Resolves to the provider's answer. */
  readonly pay: (hold: Hold) => Promise<unknown>;
  /** Breaks the next payment call. */
  readonly breakPayment: (fault: Fault) => void;
  /** Breaks the next look-ups. */
  readonly breakLookups: (fault: Fault, times: number) => void;
  /** Answers 404 to every request for a path. */
  readonly removePath: (path: string) => void;
  readonly advance: (reference: string, end: 'completed' | 'failed') => void;
  readonly setAvailable: (available: string) => void;
  /** The available balance at the provider, in whole units. */
  readonly available: () => number;
  /** The number of look-ups that were answered or failed. */
  readonly lookups: () => number;
  /** Holds in the order in which they were captured or released. */
  readonly ended: readonly string[];
  /** The spendable amount, in whole units. */
  readonly spendable: () => Promise<number>;
}

interface Party {
  readonly provider: BalanceProvider;
  readonly simulator: Simulator;
  readonly pay: World['pay'];
  readonly paths: { readonly payment: string; readonly lookup: string };
  readonly advance: World['advance'];
  readonly setAvailable: World['setAvailable'];
  readonly available: () => number;
}

function worldOf(party: Party): World {
  const { simulator, paths } = party;
  const clock = stoppedClock();
  const { provider, lookups } = counting(party.provider);
  const guard = guardOf(provider, { clock, visibilityLagMs: 0, lookupsPerSecond: 1_000 });
  const ended: string[] = [];
  for (const end of ['captured', 'released'] as const) guard.on(end, ({ hold }) => void ended.push(hold.reference));
  return {
    ...party,
    clock,
    guard,
    ended,
    breakPayment: (fault) => simulator.fault(fault, { path: paths.payment, times: 1 }),
    breakLookups: (fault, times) => simulator.fault(fault, { path: paths.lookup, times }),
    removePath: (path) => simulator.fault({ kind: 'status', status: 404 }, { path }),
    lookups,
    spendable: async () => Number((await guard.funds({ refresh: true })).spendable),
  };
}

/** The same provider with a counter of completed look-ups. */
function counting(provider: BalanceProvider): { provider: BalanceProvider; lookups: () => number } {
  let ended = 0;
  const lookup: BalanceProvider['lookup'] = async (question) => {
    try {
      return (await provider.lookup?.(question)) ?? { outcome: 'unknown' };
    } finally {
      ended += 1;
    }
  };
  return { provider: { ...provider, lookup }, lookups: () => ended };
}

async function post(url: string, headers: Record<string, string>, body: string): Promise<unknown> {
  return (await fetch(url, { method: 'POST', headers, body })).json();
}

async function jpayWorld(): Promise<World> {
  const simulator = await startJpay({ payout: '1000.00', debitAt: 'completion', callback: 'none' });
  const { url: baseUrl, appKey, appSecret } = simulator;
  return worldOf({
    provider: jpay({ baseUrl, appKey, appSecret, ...quick }),
    simulator,
    pay: ({ reference: ref_no }) => {
      const body = { payto: '+254712345678', amount: '100.00', ref_no, callback_url: 'none', app_code: 12_345 };
      const headers = { authorization: `Bearer ${simulator.accessToken()}` };
      return post(`${simulator.url}/payments/payouts/initiate`, headers, JSON.stringify(body));
    },
    paths: { payment: '/payments/payouts/initiate', lookup: '/payments/payouts/list' },
    advance: simulator.advance,
    setAvailable: (available) => simulator.setBalance({ payout: available }),
    available: () => Number(simulator.balances().payout),
  });
}

async function interswitchWorld(): Promise<World> {
  const simulator = await startInterswitch({ available: '1000', debitAt: 'completion', openCodeOf: () => '90009' });
  return worldOf({
    provider: interswitch({ baseUrl: simulator.url, ...quick }),
    simulator,
    pay: ({ reference: requestReference }) => {
      const body = { requestReference, amount: 100, customerId: '0770000000', paymentCode: '53046936951' };
      return post(`${simulator.url}/isw/payments/pay`, {}, JSON.stringify(body));
    },
    paths: { payment: '/isw/payments/pay', lookup: '/isw/payments/checkStatus' },
    advance: simulator.advance,
    setAvailable: (available) => simulator.setBalance({ available }),
    available: () => Number(simulator.balances().available),
  });
}

async function phoenixWorld(): Promise<World> {
  const simulator = await startPhoenix({ available: '1000', debitAt: 'completion', openCodeOf: () => '90009' });
  const terminal = phoenixTerminal({ baseUrl: simulator.url, ...simulator.credentials(), ...quick });
  return worldOf({
    provider: terminal.provider,
    simulator,
    pay: async ({ reference: requestReference }) => {
      const payment = { requestReference, amount: '100', customerId: '0770000000', paymentCode: '53046936951' };
      const { url, headers, body = '' } = await terminal.sign({ method: 'POST', payment });
      return post(url, headers, body);
    },
    paths: { payment: '/sente/xpayment', lookup: '/sente/status' },
    advance: simulator.advance,
    setAvailable: (available) => simulator.setBalance({ available }),
    available: () => Number(simulator.balances().available),
  });
}

export const worlds: readonly (readonly [string, () => Promise<World>])[] = [
  ['JPay', jpayWorld],
  ['Interswitch', interswitchWorld],
  ['Phoenix', phoenixWorld],
];
