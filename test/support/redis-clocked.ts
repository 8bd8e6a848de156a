// A Redis store on any client, with a clock set by the test. The time is in a key of the store, because all keys of a
// script must be in one slot.
import { createHash } from 'node:crypto';
import type { HoldStore } from 'payout-guard';
import { RedisEngine, storeKeys } from '../../src/stores/redis/engine.js';
import { type RedisClient, transportOf } from '../../src/stores/redis/transport/client.js';
import type { Command, Transport } from '../../src/stores/redis/transport/transport.js';
import { EngineStore } from '../../src/stores/shared/engine-store.js';

const deadlineMs = 5_000;
const serverTime = "redis.call('TIME')";

export interface ClockedStore {
  readonly store: HoldStore;
  /** Sets the clock, in milliseconds. */
  set(nowMs: number): Promise<void>;
}

export async function clockedStore(client: RedisClient, prefix: string, nowMs: number): Promise<ClockedStore> {
  const inner = transportOf(client, storeKeys(prefix), deadlineMs);
  const clock = `{${prefix}}:clock`;
  const set = async (nowMs: number) => void (await inner.send(['SET', clock, `${nowMs}`]));
  await set(nowMs);
  const digests = new Map<string, string>();
  const transport: Transport = {
    isForCluster: inner.isForCluster,
    hasErrorListener: () => inner.hasErrorListener(),
    isConnected: () => inner.isConnected(),
    send: (command) => inner.send(clocked(command, clock, digests)),
    sendInOrder: (commands) => inner.sendInOrder(commands.map((command) => clocked(command, clock, digests))),
  };
  const engine = new RedisEngine({ transport, prefix, recoveryMs: 0, rememberMs: 3_600_000 });
  return { store: new EngineStore(engine, { recoveryMs: 0, deadlineMs }), set };
}

/** Inserts the clock into scripts. `digests` maps the digests of the store's scripts to the changed ones. */
function clocked(command: Command, clock: string, digests: Map<string, string>): Command {
  const [name, script = '', ...rest] = command;
  if (name === 'EVAL') {
    const now = `redis.call('GET', '${clock}')`;
    const time = `{ math.floor(tonumber(${now}) / 1000), ${now} % 1000 * 1000 }`;
    const source = script.replaceAll(serverTime, time);
    digests.set(digestOf(script), digestOf(source));
    return ['EVAL', source, ...rest];
  }
  // A script that was never sent is unknown to the server under any digest.
  return name === 'EVALSHA' ? ['EVALSHA', digests.get(script) ?? script, ...rest] : command;
}

function digestOf(script: string): string {
  return createHash('sha1').update(script).digest('hex');
}
