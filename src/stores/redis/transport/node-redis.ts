// node-redis: `createClient()`, `createClientPool()`, `createSentinel()` and `createCluster()`, connected.
import { ClusterTransport } from './owner.js';
import { type Command, type Emitter, hasErrorListener, type StoreKeys, type Transport } from './transport.js';

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

/** The parts of a cluster client that are used. */
export interface NodeRedisCluster<Shard = unknown> extends NodeRedisBase {
  readonly slots: readonly ({ readonly master: Shard } | undefined)[];
  nodeClient(node: Shard): NodeRedis | Promise<NodeRedis>;
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

export function nodeRedisCluster(cluster: NodeRedisCluster, { slot, absent }: StoreKeys): Transport {
  return new ClusterTransport<NodeRedis>({
    emitter: cluster,
    async owner() {
      const shard = cluster.slots[slot];
      const client = shard && (await cluster.nodeClient(shard.master));
      // One that is down would keep the commands until it is back.
      return client?.isReady === true ? client : undefined;
    },
    transport: (node) => new NodeRedisTransport(node),
    learn: () => cluster.sendCommand(absent, false, ['UNLINK', absent]),
  });
}
