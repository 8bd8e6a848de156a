// A payment that could not be signed was not sent: the guard gives its money back, and only then.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Hold, PayoutGuard } from 'payout-guard';
import {
  type PhoenixCall,
  type PhoenixOptions,
  type PhoenixTerminal,
  phoenix,
  phoenixTerminal,
  type SignedCall,
} from 'payout-guard/providers/phoenix';
import type { PhoenixSimulator } from 'payout-guard/testing';
import { stoppedClock, type TestClock } from '../support/clock.js';
import { closeAll, failureOf, guardOf, quick, startPhoenix } from './support.js';

afterEach(closeAll);

interface World {
  readonly simulator: PhoenixSimulator;
  /** Signs the payments. It has no session yet. */
  readonly terminal: PhoenixTerminal;
  readonly guard: PayoutGuard;
  readonly clock: TestClock;
  readonly another: (options?: Partial<PhoenixOptions>) => PhoenixTerminal;
}

async function start(options: Partial<PhoenixOptions> = {}): Promise<World> {
  const simulator = await startPhoenix({ available: '1000', sessions: 'keep' });
  // A clock of its own: the terminals of one clock share what they remember.
  const clock = stoppedClock();
  const given = { baseUrl: simulator.url, ...simulator.credentials(), ...quick, maxAttempts: 1, clock };
  const guard = guardOf(phoenix(given), {
    cache: { maxAgeMs: 60_000 },
    visibilityLagMs: 0,
    reconcileEveryMs: 0,
  });
  await guard.funds();
  const another = (changes: Partial<PhoenixOptions> = {}) => phoenixTerminal({ ...given, ...changes });
  return { simulator, terminal: another(options), guard, another, clock };
}

const exchange = { path: '/client/doKeyExchange' };
const broken = { kind: 'status', status: 500 } as const;

function paymentOf(requestReference: string, changes: object = {}): PhoenixCall {
  const payment = { requestReference, amount: '900', customerId: '0770000000', paymentCode: '53046936951' };
  return { method: 'POST', payment: { ...payment, ...changes } };
}

async function send({ method, url, headers, body = '' }: SignedCall): Promise<unknown> {
  return (await fetch(url, { method, headers, body })).json();
}

const payout = (reference: string) => ({ amount: '900', reference });

/** The state of the hold, and what is spendable, read anew. */
async function stateAfter({ guard, simulator }: World, reference: string): Promise<unknown> {
  simulator.clearFaults();
  return [(await guard.getHold(reference))?.state, (await guard.funds({ refresh: true })).spendable];
}

const givenBack = ['released', '1000'];
const kept = ['sent', '100'];

describe('a payment that cannot be signed', () => {
  it('gives its money back, and its reference may be used again', async () => {
    const world = await start();
    const { simulator, terminal, guard } = world;
    const pay = async ({ reference, signal }: Hold) => send(await terminal.sign(paymentOf(reference), signal));
    simulator.fault(broken, exchange);
    const error = await failureOf(guard.withHold(payout('ref-1'), pay));
    expect(error).toMatchObject({ code: 'balance_unavailable', reason: 'provider_error', status: 503 });
    expect(error.message).toBe(
      'Session unavailable: the provider answered with an error (HTTP 500). This call was not signed.',
    );
    expect(simulator.count('/sente/xpayment')).toBe(0);
    expect(await stateAfter(world, 'ref-1')).toEqual(givenBack);
    expect(await guard.withHold(payout('ref-1'), pay)).toMatchObject({ responseCode: '90000' });
    expect(await stateAfter(world, 'ref-1')).toEqual(['captured', '100']);
  });

  it.each<[string, Partial<PhoenixOptions>, object, string]>([
    ['with a wrong password', { password: 'wrong' }, {}, 'balance_unavailable'],
    ['with an odd amount', {}, { amount: '1e3' }, 'invalid_amount'],
    ['with an odd customer', {}, { customerId: 770 }, 'configuration'],
    ['with a field that JSON has no form for', {}, { narration: circular() }, 'configuration'],
  ])('gives its money back %s', async (_, options, changes, code) => {
    const world = await start(options);
    const { terminal, guard } = world;
    const pay = async ({ reference }: Hold) => send(await terminal.sign(paymentOf(reference, changes)));
    expect(await failureOf(guard.withHold(payout('ref-1'), pay))).toMatchObject({ code });
    expect(await stateAfter(world, 'ref-1')).toEqual(givenBack);
  });

  it('gives its money back when its signal ends the wait for a session', async () => {
    const world = await start();
    const { simulator, terminal, guard } = world;
    simulator.fault({ kind: 'hang' }, exchange);
    const leaving = new AbortController();
    const pay = async ({ reference }: Hold) => {
      const signing = terminal.sign(paymentOf(reference), leaving.signal);
      leaving.abort(new Error('the client left'));
      return send(await signing);
    };
    expect(await failureOf(guard.withHold(payout('ref-1'), pay))).toMatchObject({
      reason: 'timeout',
      cause: expect.objectContaining({ message: 'the client left' }),
    });
    expect(await stateAfter(world, 'ref-1')).toEqual(givenBack);
  });

  it('gives its money back after its validation was signed, which pays nothing', async () => {
    const world = await start();
    const { simulator, terminal, guard, another } = world;
    const pay = async ({ reference }: Hold) => {
      const fields = { requestReference: reference, customerId: '0770000000', paymentCode: '53046936951' };
      const body = { ...fields, amount: '900', currencyCode: 'UGX' };
      await send(await terminal.sign({ method: 'POST', path: 'sente/customerValidation', body }));
      simulator.fault(broken, exchange);
      return send(await another().sign({ ...paymentOf(reference), path: 'sente/payment' } as PhoenixCall));
    };
    await failureOf(guard.withHold(payout('ref-1'), pay));
    expect(await stateAfter(world, 'ref-1')).toEqual(givenBack);
  });
});

describe('a payment that may have been sent stays held', () => {
  /** Signs and sends a payment whose answer is lost. */
  async function sendInVain({ simulator }: World, terminal: PhoenixTerminal, call: PhoenixCall): Promise<void> {
    simulator.fault({ kind: 'lost' }, { path: '/sente/xpayment', times: 1 });
    await failureOf(send(await terminal.sign(call)));
  }

  /** Pays with this function, whose error must prove nothing. */
  async function expectKept(world: World, pay: (hold: Hold) => Promise<unknown>): Promise<void> {
    const { simulator, guard } = world;
    simulator.setBalance({ available: '1000' });
    await failureOf(guard.withHold(payout('ref-1'), pay));
    simulator.setBalance({ available: '1000' });
    expect(await stateAfter(world, 'ref-1')).toEqual(kept);
  }

  it('when a second signature fails, by the same terminal or by another one', async () => {
    for (const isSame of [true, false]) {
      const world = await start();
      const second = isSame ? world.terminal : world.another();
      await expectKept(world, async ({ reference }) => {
        await sendInVain(world, world.terminal, paymentOf(reference));
        world.clock.advance(700_000); // the session is over
        world.simulator.fault(broken, exchange);
        return second.sign(paymentOf(reference));
      });
    }
  });

  it('when the same call cannot be signed again', async () => {
    const world = await start();
    await expectKept(world, async ({ reference }) => {
      const call = await world.terminal.sign(paymentOf(reference));
      await failureOf(send(call).then(() => Promise.reject(new Error('lost'))));
      world.simulator.fault(broken, exchange);
      return world.terminal.signAgain(call);
    });
  });

  it('when the function throws the first error after a later signature was sent', async () => {
    const world = await start();
    await expectKept(world, async ({ reference }) => {
      world.simulator.fault(broken, { ...exchange, times: 1 });
      const first = await failureOf(world.terminal.sign(paymentOf(reference)));
      await sendInVain(world, world.terminal, paymentOf(reference));
      throw first;
    });
  });

  it('when another signature is under way at its end', async () => {
    const world = await start();
    const { simulator, terminal, another } = world;
    let late: Promise<SignedCall> | undefined;
    await expectKept(world, async ({ reference }) => {
      simulator.fault({ kind: 'slow', ms: 300 }, { ...exchange, times: 1 });
      late = terminal.sign(paymentOf(reference));
      simulator.fault(broken, exchange);
      return another().sign(paymentOf(reference));
    });
    expect(await send(await (late as Promise<SignedCall>))).toMatchObject({ responseCode: '90000' });
  });

  it('when it was signed as a body instead of a payment', async () => {
    const world = await start();
    await expectKept(world, async ({ reference }) => {
      const body = { requestReference: reference, amount: 900, customerId: '0770000000', paymentCode: '53046936951' };
      await send(await world.terminal.sign({ method: 'POST', path: 'sente/xpayment', body }));
      world.simulator.fault(broken, exchange);
      return world.another().sign(paymentOf(reference));
    });
  });

  it('when the payment that was not signed has another reference', async () => {
    const world = await start();
    await expectKept(world, async () => {
      await sendInVain(world, world.terminal, paymentOf('part-1'));
      world.simulator.fault(broken, exchange);
      return world.another().sign(paymentOf('part-2'));
    });
  });

  it('when it is the outer payout of the one that was not signed', async () => {
    const world = await start();
    const { guard, terminal, simulator } = world;
    await failureOf(
      guard.withHold({ amount: '50', reference: 'outer' }, async () => {
        simulator.fault(broken, exchange);
        return guard.withHold({ amount: '900', reference: 'inner' }, async () => terminal.sign(paymentOf('inner')));
      }),
    );
    simulator.clearFaults();
    const states = await Promise.all(['outer', 'inner'].map(async (name) => (await guard.getHold(name))?.state));
    expect(states).toEqual(['sent', 'released']);
  });

  it('when an error that counted before is thrown again', async () => {
    const world = await start();
    const { guard, terminal, simulator } = world;
    simulator.fault(broken, exchange);
    const error = await failureOf(guard.withHold(payout('ref-1'), async () => terminal.sign(paymentOf('ref-1'))));
    expect(await stateAfter(world, 'ref-1')).toEqual(givenBack);
    await expectKept(world, () => Promise.reject(error));
  });
});

function circular(): object {
  const made: { self?: object } = {};
  made.self = made;
  return made;
}
