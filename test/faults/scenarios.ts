// Fault injection, by seed. Each scenario begins when every process has been permitted something; when it returns, the
// machines and the network are whole again.
import type { Backend, Engine } from './engines.js';
import type { EngineName } from './messages.js';
import type { Place, World } from './world.js';

/** The promises that must hold in a scenario. */
export interface Promised {
  readonly name: string;
  /** The promise, as the title of its test. */
  readonly promise: string;
  /** The engine loses data: a new epoch must begin, and be detected. */
  readonly forgets: boolean;
  /** Payouts are repeated, and the engine may lose that they were made: then they are paid twice, which is counted. */
  readonly mayPayTwice?: boolean;
  /** Money of lost holds may be promised again, because no process can restore them in time: that is counted. */
  readonly mayOverspend?: boolean;
  /** Recovery window, in milliseconds, where processes reconnect too slowly for a shorter one. */
  readonly recoveryMs?: number;
}

/** The faults of a run, and the promises that must hold all the same. */
export interface Scenario<B extends Backend> extends Promised {
  readonly run: (world: World, engine: B) => Promise<void>;
}

export interface EngineScenario extends Scenario<Engine> {
  /** Redis writes to disk before it answers. */
  readonly isDurable: boolean;
}

export const scenarios: readonly EngineScenario[] = [
  {
    name: 'kill-process',
    promise: 'keep every hold when some of them are killed, and continue with new ones',
    isDurable: true,
    forgets: false,
    run: async (world) => {
      for (let kills = world.random.between(1, 2); kills > 0; kills--) {
        await world.pass(50, 400);
        const place = anyPlace(world);
        world.note(`kill ${place.name}`);
        await world.kill(place);
        await world.start(place);
      }
    },
  },
  {
    name: 'restart-engine',
    promise: 'lose nothing when the engine is killed and restarts with its data',
    isDurable: true,
    forgets: false,
    run: async (world, engine) => {
      for (let restarts = world.random.between(1, 2); restarts > 0; restarts--) {
        await world.pass(100, 500);
        world.note('kill engine');
        await engine.kill();
        await world.pass(0, 300);
        await engine.boot();
      }
    },
  },
  {
    name: 'restart-empty',
    promise: 'restore their holds before anything is approved when the engine restarts empty',
    isDurable: false,
    forgets: true,
    run: async (world, engine) => {
      await world.pass(100, 700);
      world.note('kill engine, boot empty');
      await restart(world, engine, () => engine.bootEmpty(world.space));
    },
  },
  {
    name: 'restart-older',
    promise: 'restore their holds before anything is approved when the engine restarts with older data',
    isDurable: false,
    forgets: true,
    run: async (world, engine) => {
      await world.pass(50, 300);
      world.note('save a copy');
      await engine.saveCopy();
      await world.pass(50, 700);
      world.note('kill engine, boot older');
      world.isOlder = true;
      await restart(world, engine, () => engine.bootOlder());
    },
  },
  {
    name: 'cut-connections',
    promise: 'approve nothing without an answer of the engine, and recover when the network does',
    isDurable: true,
    forgets: false,
    run: async (world) => {
      for (let faults = world.random.between(2, 4); faults > 0; faults--) {
        await world.pass(50, 250);
        await troubleNetwork(world);
      }
    },
  },
  {
    name: 'flush',
    promise: 'restore their holds before anything is approved when the engine is flushed',
    isDurable: false,
    forgets: true,
    run: async (world, engine) => {
      for (let flushes = world.random.between(1, 2); flushes > 0; flushes--) {
        await world.pass(50, 700);
        world.note('flush');
        await world.lose(() => engine.flush(world.space));
      }
    },
  },
  {
    name: 'wrong-clock',
    promise: 'decide alike when the clock of one of them is hours off',
    isDurable: true,
    forgets: false,
    run: async (world) => {
      for (let shifts = world.random.between(2, 4); shifts > 0; shifts--) {
        const { payer, name } = anyPlace(world);
        const hours = world.random.between(-30, 30);
        world.note(`clock of ${name} ${hours} h off`);
        payer.send({ kind: 'shift clock', ms: hours * 3_600_000 });
        await world.pass(100, 400);
      }
    },
  },
  {
    name: 'kill-and-flush',
    promise: 'report the loss that cannot be survived: a process and the data of the engine at once',
    isDurable: false,
    forgets: true,
    mayOverspend: true,
    run: async (world, engine) => {
      await world.pass(100, 500);
      const place = anyPlace(world);
      const flush = () => world.lose(() => engine.flush(world.space));
      const isKilledFirst = world.random.chance(0.5);
      world.note(isKilledFirst ? `kill ${place.name}, flush` : `flush, kill ${place.name}`);
      if (isKilledFirst) await world.kill(place);
      await flush();
      if (!isKilledFirst) await world.kill(place);
      await world.start(place);
    },
  },
];

/**
 * A file has no server that could be restarted or flushed, no network on the way, and the clock of all its processes.
 */
const ofFiles: readonly string[] = ['kill-process', 'restart-older'];

export function scenariosOf(engine: EngineName): readonly EngineScenario[] {
  return engine === 'sqlite' ? scenarios.filter(({ name }) => ofFiles.includes(name)) : scenarios;
}

/** The processes cannot reach the engine between its end and its next start. */
async function restart(world: World, engine: Engine, boot: () => Promise<void>): Promise<void> {
  const proxies = world.places.map(({ proxy }) => proxy);
  await engine.kill();
  for (const proxy of proxies) proxy.goDown();
  await world.pass(0, 200);
  await world.lose(boot);
  for (const proxy of proxies) proxy.heal('lost');
}

export async function troubleNetwork(world: World): Promise<void> {
  const { random, places } = world;
  const some = random.chance(0.3) ? places : [anyPlace(world)];
  const kind = random.pick(['cut', 'down', 'hang', 'hang answers', 'delay'] as const);
  const heldUp = random.pick(['late', 'lost'] as const);
  const names = some.map(({ name }) => name).join(' ');
  if (kind === 'cut') {
    world.note(`cut ${names}`);
    for (const { proxy } of some) proxy.cut();
    return;
  }
  const delayMs = random.between(10, 400);
  const forMs = random.between(50, 900);
  world.note(`${kind === 'delay' ? `delay ${delayMs} ms` : kind} ${names} for ${forMs} ms, then ${heldUp}`);
  for (const { proxy } of some) {
    if (kind === 'down') proxy.goDown();
    else if (kind === 'delay') proxy.delay(delayMs);
    else proxy.hang(kind === 'hang' ? 'both ways' : 'answers');
  }
  await world.pass(forMs, forMs);
  for (const { proxy } of some) proxy.heal(heldUp);
}

export function anyPlace({ random, places }: World): Place {
  return random.pick(places) as Place;
}
