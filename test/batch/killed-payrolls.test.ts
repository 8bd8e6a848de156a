// A payroll whose process is killed again and again, and is run again with the same list.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type InterswitchSimulator, interswitchSimulator } from 'payout-guard/testing';
import { type Engine, startEngine } from '../faults/engines.js';
import type { ClientName, EngineName } from '../faults/messages.js';
import { EngineProxy } from '../faults/proxy.js';
import { Child } from '../processes/child.js';
import { Random } from '../simulation/random.js';
import { hasInitdb } from '../support/postgres.js';
import '../support/proof-only.js';
import { hasRedis } from '../support/redis.js';
import type { FromPayroll, PayrollSetup } from './payroll-service.js';

// PAYROLL_KILLS=20 PAYROLL_SIZE=10000 for more.
const kills = Number(process.env.PAYROLL_KILLS ?? 6);
const employees = Number(process.env.PAYROLL_SIZE ?? 300);
const salary = '1000';

const engines: Readonly<Record<EngineName, boolean>> = { sqlite: true, redis: hasRedis, postgres: hasInitdb };
const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

class World {
  readonly engine: Engine;
  readonly simulator: InterswitchSimulator;
  readonly #setup: PayrollSetup;

  static async open(name: EngineName): Promise<World> {
    const engine = await startEngine(name, true);
    closers.push(() => engine.close());
    const space = engine.spaceOf(1);
    const prepared = await engine.prepare(space, 0);
    closers.push(() => prepared.close());
    const proxy = engine.path === undefined ? undefined : await EngineProxy.open(engine.path);
    if (proxy) closers.push(() => proxy.close());
    // Exactly the sum of the salaries, so that the last one is refused if any money is promised twice.
    const available = `${employees * Number(salary)}`;
    const simulator = await interswitchSimulator({ available, ledger: available });
    closers.push(() => simulator.close());
    return new World(engine, simulator, {
      store: { engine: name, space, recoveryMs: 0, client: engine.clients[0] as ClientName },
      address: engine.address(proxy?.port ?? 0),
      baseUrl: simulator.url,
      concurrency: 20,
      employees,
      salary,
    });
  }

  constructor(engine: Engine, simulator: InterswitchSimulator, setup: PayrollSetup) {
    this.engine = engine;
    this.simulator = simulator;
    this.#setup = setup;
  }

  start(): Child<never, FromPayroll> {
    const child = new Child<never, FromPayroll>(new URL('payroll-service.ts', import.meta.url), {
      env: { PAYROLL: JSON.stringify(this.#setup) },
    });
    closers.push(() => child.kill());
    return child;
  }

  /** Kills a run once so many payments more were made, or after this time. */
  async killAfter(payments: number, delayMs: number): Promise<void> {
    const child = this.start();
    await child.next('ready');
    const wanted = this.simulator.payouts.length + payments;
    const endMs = performance.now() + delayMs;
    while (this.simulator.payouts.length < wanted && performance.now() < endMs && child.isAlive) await sleep(1);
    await child.kill();
  }

  /** Runs to the end, when the reservations of the runs that were killed have expired. */
  async finish(): Promise<Map<string, string>> {
    for (;;) {
      const child = this.start();
      const [message] = await Promise.all([
        Promise.race([child.next('done'), child.next('insufficient')]),
        child.exited,
      ]);
      if (message.kind === 'done') return new Map(message.rows);
      await sleep(1_000);
    }
  }

  /** Payments of the provider by reference. */
  made(): Map<string, number> {
    const made = new Map<string, number>();
    for (const { requestReference, status } of this.simulator.payouts) {
      if (status === 'completed') made.set(requestReference, (made.get(requestReference) ?? 0) + 1);
    }
    return made;
  }
}

describe.each(Object.entries(engines).map(([name, isThere]) => ({ name: name as EngineName, isThere })))(
  'a payroll on $name',
  ({ name, isThere }) => {
    (isThere ? it : it.skip)(`is made exactly once, though its process is killed ${kills} times`, async () => {
      const world = await World.open(name);
      const random = new Random(11);
      for (let kill = 0; kill < kills; kill++) {
        await world.killAfter(random.between(0, Math.floor(employees / 20)), random.between(200, 3_000));
      }
      const rows = await world.finish();
      const made = world.made();
      expect([...made.values()].filter((times) => times !== 1)).toEqual([]);
      // A payout that was sent when its process was killed may not have reached the provider. It is never sent again:
      // an operator sees that the provider has no record of it, and pays it under another reference.
      const paid = [...rows].filter(([, outcome]) => outcome === 'paid').map(([reference]) => reference);
      const open = [...rows].filter(([, outcome]) => outcome === 'open').map(([reference]) => reference);
      expect(paid.sort()).toEqual([...made.keys()].sort());
      expect(paid.length + open.length).toBe(employees);
      expect(open.length).toBeLessThanOrEqual(kills * 20);
      expect(world.simulator.balances().available).toBe(`${open.length * Number(salary)}`);
      console.info(`${name}: ${paid.length} paid, ${open.length} never reached the provider, ${kills} kills`);
    });
  },
);
