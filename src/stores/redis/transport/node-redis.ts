// node-redis: `createClient()`, `createClientPool()`, `createSentinel()` and `createCluster()`, connected.
import { type ClusterClient, ClusterTransport } from './owner.js';
import { slotOf } from './slot.js';
import { type Command, type Emitter, hasErrorListener, isMoved, type StoreKeys, type Transport } from './transport.js';

/** The part that all shapes have. Their methods differ in their arguments. */
interface NodeRedisBase extends Emitter {
  readonly isOpen: boolean;
}

interface NodeRedisMulti {
  addCommand(...args: unknown[]): unknown;
  execAsPipeline(): Promise<unknown[]>;
}

/** The parts of a client or of a pool that are used. */
export interface NodeRedis extends NodeRedisBase {
  readonly isReady?: boolean;
  readonly isPubSubActive?: boolean;
  readonly options?: { readonly keyPrefix?: unknown };
  sendCommand(args: string[]): Promise<unknown>;
  multi(): NodeRedisMulti;
}

/** The parts of a sentinel client that are used: commands go to the primary unless they are called read-only. */
export interface NodeRedisSentinel extends NodeRedisBase {
  sendCommand(isReadonly: boolean, args: string[]): Promise<unknown>;
  multi(): NodeRedisMulti;
  acquire(): unknown;
}

/** A node of a cluster, with its client if that was needed before. */
interface NodeRedisNode {
  readonly address: string;
  readonly client?: NodeRedis | undefined;
}

/** The parts of a cluster client that are used. */
export interface NodeRedisCluster extends NodeRedisBase {
  readonly slots: readonly ({ readonly master: NodeRedisNode } | undefined)[];
  nodeClient(node: NodeRedisNode): NodeRedis | Promise<NodeRedis>;
  sendCommand(firstKey: string, isReadonly: boolean, args: string[]): Promise<unknown>;
}

/**
 * A pipeline goes to one connection, of a pool as well. When that breaks, node-redis fails what was written and what
 * belongs to it.
 */
export class NodeRedisTransport implements Transport {
  readonly isForCluster = false;
  readonly #client: NodeRedis;

  constructor(client: NodeRedis) {
    this.#client = client;
  }

  send(command: Command): Promise<unknown> {
    return this.#client.sendCommand(command as string[]);
  }

  sendInOrder(commands: readonly Command[]): Promise<unknown[]> {
    const multi = this.#client.multi();
    for (const command of commands) multi.addCommand([...command]);
    return multi.execAsPipeline();
  }

  hasErrorListener(): boolean | undefined {
    return hasErrorListener(this.#client);
  }

  /** A pool has no such state. */
  isConnected(): boolean | undefined {
    return this.#client.isReady;
  }
}

export class NodeRedisSentinelTransport implements Transport {
  readonly isForCluster = false;
  readonly #sentinel: NodeRedisSentinel;

  constructor(sentinel: NodeRedisSentinel) {
    this.#sentinel = sentinel;
  }

  send(command: Command): Promise<unknown> {
    return this.#sentinel.sendCommand(false, [...command]);
  }

  sendInOrder(commands: readonly Command[]): Promise<unknown[]> {
    const multi = this.#sentinel.multi();
    for (const command of commands) multi.addCommand(false, [...command]);
    return multi.execAsPipeline();
  }

  hasErrorListener(): boolean | undefined {
    return hasErrorListener(this.#sentinel);
  }

  /** It is ready while it has a list of its servers, whether or not they answer. */
  isConnected(): undefined {}
}

export function nodeRedisCluster(cluster: NodeRedisCluster, keys: StoreKeys, deadlineMs: number): Transport {
  const { slot, absent } = keys;
  let asked = 0;
  const client: ClusterClient<NodeRedis> = {
    emitter: cluster,
    async owner() {
      const shard = cluster.slots[slot];
      const client = shard && (await cluster.nodeClient(shard.master));
      // One that is down would keep the commands until it is back.
      return client?.isReady === true ? client : undefined;
    },
    transport: (node) => new NodeRedisTransport(node),
    follow: () => cluster.sendCommand(absent, false, ['UNLINK', absent]),
    // In turn, as the one that is asked may be silent too.
    askOthers: () => askAnother(cluster, keys, asked++),
  };
  return new ClusterTransport(client, deadlineMs);
}

/**
 * Asks another master for the owner. If it names a new one, the client has to learn that: it reads the slots from a
 * node that redirects it. It sends a command to the node that owns its first argument, so the command goes to that
 * master, which redirects it because of its key.
 */
async function askAnother(cluster: NodeRedisCluster, { slot, absent }: StoreKeys, turn: number): Promise<void> {
  const owner = cluster.slots[slot]?.master;
  const [key, node] = anotherMaster(cluster, owner, turn) ?? [];
  if (key === undefined || node === undefined) return;
  const ask = ['HGET', absent, 'owner'];
  try {
    await (await cluster.nodeClient(node)).sendCommand(ask);
  } catch (error) {
    if (isMoved(error) && !String(error).endsWith(` ${owner?.address}`)) await cluster.sendCommand(key, false, ask);
  }
}

/** Returns a master that does not own the slot, as far as the client knows, and a key that it owns. */
function anotherMaster(
  cluster: NodeRedisCluster,
  owner: NodeRedisNode | undefined,
  turn: number,
): [key: string, node: NodeRedisNode] | undefined {
  let spare: [string, NodeRedisNode] | undefined;
  for (let index = turn; index < turn + maxKeys; index++) {
    const key = `${index}`;
    const node = cluster.slots[slotOf(key)]?.master;
    if (node === undefined || node === owner) continue;
    if (node.client?.isReady === true) return [key, node];
    // Its client connects when it is asked.
    if (node.client === undefined) spare ??= [key, node];
  }
  return spare;
}

/** So many keys are looked at for one of another master: it owns few slots otherwise. */
const maxKeys = 1_000;
