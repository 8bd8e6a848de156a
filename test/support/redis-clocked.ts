// A Redis store on any client that lives by a clock of the test. The time travels as a key of the store, because all
// keys of a script must be in one slot.
import { createHash } from 'node:crypto';
import type { HoldStore } from 'payout-guard';
import { RedisEngine, storeKeys } from '../../src/stores/redis/engine.js';
import { type RedisClient, transportOf } from '../../src/stores/redis/transport/client.js';
import type { Command, Transport } from '../../src/stores/redis/transport/transport.js';
import { EngineStore } from '../../src/stores/shared/engine-store.js';

const serverTime = "redis.call('TIME')";

export interface ClockedStore {
  readonly store: HoldStore;
  /** Sets the clock, in milliseconds. */
  set(nowMs: number): Promise<void>;
}

export async function clockedStore(client: RedisClient, prefix: string, nowMs: number): Promise<ClockedStore> {
  const inner = transportOf(client, storeKeys(prefix));
  const clock = `{${prefix}}:clock`;
  const set = async (nowMs: number) => void (await inner.send([['SET', clock, `${nowMs}`]]));
  await set(nowMs);
  const digests = new Map<string, string>();
  const transport: Transport = {
    isForCluster: inner.isForCluster,
    hasErrorListener: () => inner.hasErrorListener(),
    isConnected: () => inner.isConnected(),
    send: (commands) => inner.send(commands.map((command) => clocked(command, clock, digests))),
  };
  const engine = new RedisEngine({ transport, prefix, recoveryMs: 0, rememberMs: 3_600_000 });
  return { store: new EngineStore(engine, { recoveryMs: 0, deadlineMs: 5_000 }), set };
}

/** Puts the clock into scripts: `digests` has those of the scripts that the store knows. */
function clocked(command: Command, clock: string, digests: Map<string, string>): Command {
  const [name, script = '', ...rest] = command;
  if (name === 'EVAL') {
    const time = `{ math.floor(tonumber(redis.call('GET', '${clock}')) / 1000), redis.call('GET', '${clock}') % 1000 * 1000 }`;
    const source = script.replaceAll(serverTime, time);
    digests.set(digestOf(script), digestOf(source));
    return ['EVAL', source, ...rest];
  }
  // One that was not sent yet is unknown to the server under any digest.
  return name === 'EVALSHA' ? ['EVALSHA', digests.get(script) ?? script, ...rest] : command;
}

function digestOf(script: string): string {
  return createHash('sha1').update(script).digest('hex');
}
