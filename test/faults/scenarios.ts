// What goes wrong, by seed. Each scenario is told to begin when every process has been permitted something; when it returns, the
// machines and the network are whole again.
import { monotonicMs } from './messages.js';
import type { Place, World } from './world.js';

export interface Scenario {
  readonly name: string;
  /** What must be true in it. */
  readonly promise: string;
  /** Redis writes to disk what it answers. */
  readonly isDurable: boolean;
  /** The engine forgets: a new epoch must begin, and be noticed. */
  readonly forgets: boolean;
  /** A process that held money is gone when the engine forgets: nobody is left to put its holds back. */
  readonly mayOverspend?: boolean;
  readonly run: (world: World) => Promise<void>;
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'kill-process',
    promise: 'keep every hold when processes are killed, and go on with new ones',
    isDurable: true,
    forgets: false,
    run: async (world) => {
      for (let kills = world.random.between(1, 2); kills > 0; kills--) {
        await world.pass(50, 400);
        const place = anyPlace(world);
        world.note(`kill ${place.name}`);
        await world.kill(place);
        await world.employ(place);
      }
    },
  },
  {
    name: 'restart-engine',
    promise: 'lose nothing when the engine is killed and comes back with its data',
    isDurable: true,
    forgets: false,
    run: async (world) => {
      for (let restarts = world.random.between(1, 2); restarts > 0; restarts--) {
        await world.pass(100, 500);
        world.note('kill engine');
        await world.engine.kill();
        await world.pass(0, 300);
        await world.engine.boot();
      }
    },
  },
  {
    name: 'restart-empty',
    promise: 'put their holds back before anything is approved when the engine comes back with nothing',
    isDurable: false,
    forgets: true,
    run: async (world) => {
      await world.pass(100, 700);
      world.note('kill engine, boot empty');
      await restart(world, () => world.engine.bootEmpty(world.space));
    },
  },
  {
    name: 'restart-older',
    promise: 'put their holds back before anything is approved when the engine comes back as it was before',
    isDurable: false,
    forgets: true,
    run: async (world) => {
      await world.pass(50, 300);
      world.note('remember');
      await world.engine.remember();
      await world.pass(50, 700);
      world.note('kill engine, boot older');
      world.isOlder = true;
      await restart(world, () => world.engine.bootOlder());
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
    promise: 'put their holds back before anything is approved when the engine forgets while it runs',
    isDurable: false,
    forgets: true,
    run: async (world) => {
      for (let flushes = world.random.between(1, 2); flushes > 0; flushes--) {
        await world.pass(50, 700);
        world.note('flush');
        await world.lose(() => world.engine.flush(world.space));
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
        payer.tell({ kind: 'shift clock', ms: hours * 3_600_000 });
        await world.pass(100, 400);
      }
    },
  },
  {
    name: 'kill-and-flush',
    promise: 'notice the loss that cannot be survived: a process and the memory of the engine at once',
    isDurable: false,
    forgets: true,
    mayOverspend: true,
    run: async (world) => {
      await world.pass(100, 500);
      const place = anyPlace(world);
      const flush = () => world.lose(() => world.engine.flush(world.space));
      const isKilledFirst = world.random.chance(0.5);
      world.note(isKilledFirst ? `kill ${place.name}, flush` : `flush, kill ${place.name}`);
      if (isKilledFirst) await world.kill(place);
      await flush();
      if (!isKilledFirst) await world.kill(place);
      await world.employ(place);
    },
  },
];

/** The processes see nothing of the engine between its end and its next beginning, whatever it goes through. */
async function restart(world: World, boot: () => Promise<void>): Promise<void> {
  const links = world.places.map(({ link }) => link);
  await world.engine.kill();
  for (const link of links) link.goDown();
  await world.pass(0, 200);
  await world.lose(boot);
  for (const link of links) link.heal('lost');
}

async function troubleNetwork(world: World): Promise<void> {
  const { random, places } = world;
  const some = random.chance(0.3) ? places : [anyPlace(world)];
  const kind = random.pick(['cut', 'down', 'hang', 'hang answers', 'delay'] as const);
  const heldUp = random.pick(['late', 'lost'] as const);
  const names = some.map(({ name }) => name).join(' ');
  if (kind === 'cut') {
    world.note(`cut ${names}`);
    for (const { link } of some) link.cut();
    return;
  }
  const delayMs = random.between(10, 400);
  const forMs = random.between(50, 900);
  world.note(`${kind === 'delay' ? `delay ${delayMs} ms` : kind} ${names} for ${forMs} ms, then ${heldUp}`);
  for (const { link } of some) {
    if (kind === 'down') link.goDown();
    else if (kind === 'delay') link.delay(delayMs);
    else link.hang(kind === 'hang' ? 'both ways' : 'answers');
  }
  await world.pass(forMs, forMs);
  for (const { link } of some) link.heal(heldUp);
}

function anyPlace({ random, places }: World): Place {
  return random.pick(places) as Place;
}

/** When the faults are over, in milliseconds of the monotonic clock. */
export async function runScenario(scenario: Scenario, world: World): Promise<number> {
  await scenario.run(world);
  return monotonicMs();
}
