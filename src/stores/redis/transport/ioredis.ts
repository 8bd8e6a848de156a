// ioredis: `new Redis()`, also with Sentinel, and `new Cluster()`.
import { type ClusterClient, ClusterTransport } from './owner.js';
import { type Command, type Emitter, hasErrorListener, type StoreKeys, type Transport } from './transport.js';

/** The parts of a `Redis` that are used. */
export interface Ioredis extends Emitter {
  readonly options?: { readonly keyPrefix?: unknown; readonly host?: unknown; readonly port?: unknown };
  readonly mode?: string;
  readonly status?: string;
  call(command: string, args: string[]): Promise<unknown>;
  pipeline(): IoredisPipeline;
}

interface IoredisPipeline {
  call(command: string, args: string[]): unknown;
  exec(): Promise<[error: Error | null, reply: unknown][] | null>;
}

/** The parts of a `Cluster` that are used. */
export interface IoredisCluster extends Emitter {
  readonly isCluster: true;
  readonly options?: { readonly keyPrefix?: unknown };
  readonly slots: readonly (readonly string[] | undefined)[];
  nodes(role: 'master'): Ioredis[];
  call(command: string, args: string[]): Promise<unknown>;
  /** Asks its nodes in turn for the slots, each for a limited time. */
  refreshSlotsCache(callback: (error?: Error | null) => void): void;
}

export class IoredisTransport implements Transport {
  readonly isForCluster = false;
  readonly #client: Ioredis;

  constructor(client: Ioredis) {
    this.#client = client;
  }

  send(command: Command): Promise<unknown> {
    return this.#client.call(command[0] ?? '', command.slice(1));
  }

  /**
   * A pipeline is written to one connection. When that breaks, ioredis repeats all of it on the next one, or, once a
   * part was answered, none of it.
   */
  async sendInOrder(commands: readonly Command[]): Promise<unknown[]> {
    const pipeline = this.#client.pipeline();
    for (const [name = '', ...args] of commands) pipeline.call(name, args);
    const results = (await pipeline.exec()) ?? [];
    for (const [error] of results) if (error) throw error;
    if (results.length !== commands.length) throw new Error('not an answer to each command');
    return results.map(([, reply]) => reply);
  }

  hasErrorListener(): boolean | undefined {
    return hasErrorListener(this.#client);
  }

  isConnected(): boolean | undefined {
    const { status } = this.#client;
    return status === undefined ? undefined : status === 'ready';
  }
}

export function ioredisCluster(cluster: IoredisCluster, { slot, absent }: StoreKeys, deadlineMs: number): Transport {
  const client: ClusterClient<Ioredis> = {
    emitter: cluster,
    owner() {
      const key = cluster.slots[slot]?.[0];
      if (key === undefined) return undefined;
      return cluster.nodes('master').find(({ options }) => `${options?.host}:${options?.port}` === key);
    },
    transport: (node) => new IoredisTransport(node),
    follow: () => cluster.call('UNLINK', [absent]),
    askOthers: () =>
      new Promise<void>((resolve, reject) => cluster.refreshSlotsCache((error) => (error ? reject(error) : resolve()))),
  };
  return new ClusterTransport(client, deadlineMs);
}
