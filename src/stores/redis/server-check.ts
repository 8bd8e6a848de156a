// Looks at how the server is set up that owns the keys: before anything is trusted to it, in each new epoch (it may be
// another server), and each minute.

import { StoreFailure } from '../../core/store-failure.js';
import { warn } from '../../core/warn.js';
import type { Concern } from '../shared/engine.js';
import type { WaitReplicas } from './replication.js';
import { type Command, Shared, type Transport } from './transport/transport.js';

const repeatAfterMs = 60_000;

export class ServerCheck {
  readonly #transport: Transport;
  /** A key of the store. */
  readonly #key: string;
  readonly #waitReplicas: WaitReplicas | undefined;
  readonly #looking = new Shared(() => this.#look());
  #passed: { epoch: string | undefined; atMs: number } | undefined;
  /** The warnings so far, by their message. */
  readonly #concerns = new Map<string, Concern>();
  /** The server process that the number of its replicas was reported of. */
  #reported = '';
  /** The server process whose persistence was checked. */
  #keeps: string | undefined;

  constructor(transport: Transport, key: string, waitReplicas: WaitReplicas | undefined) {
    this.#transport = transport;
    this.#key = key;
    this.#waitReplicas = waitReplicas;
  }

  /**
   * Returns undefined if there is nothing to wait for. @throws `StoreFailure` if the server must not be used as it is
   * set up. It may be asked again at once.
   */
  before(): Promise<void> | undefined {
    if (!this.#passed) return this.#pass(undefined);
    if (performance.now() - this.#passed.atMs > repeatAfterMs) {
      this.#passed.atMs = performance.now();
      void this.#looking.run().catch(() => {
        this.#passed = undefined;
      });
    }
    return undefined;
  }

  /** Before an answer in this epoch is passed on. Otherwise as {@link before}. */
  after(epoch: string): Promise<void> | undefined {
    return this.#passed?.epoch === epoch ? undefined : this.#pass(epoch);
  }

  /** Looks now. Resolves to what it has warned of. @throws as {@link before} */
  async concerns(): Promise<readonly Concern[]> {
    await this.#looking.run();
    return [...this.#concerns.values()];
  }

  async #pass(epoch: string | undefined): Promise<void> {
    this.#passed = undefined;
    await this.#looking.run();
    this.#passed = { epoch, atMs: performance.now() };
  }

  async #look(): Promise<void> {
    if (this.#transport.hasErrorListener() === false) {
      const what = 'The Redis client has no listener for `error`';
      this.#warnOnce(`${what}: add one, or a broken connection may end the process.`, {
        what,
        advice: "Add `client.on('error', ...)`, or a broken connection may end the process.",
      });
    }
    const [key, info] = await this.#keyAndInfo();
    const problem = this.#problemOfKey(key) ?? this.#problemOf(info) ?? (await this.#problemOfEviction(info));
    if (problem) throw problem;
    await this.#warnOfPersistence(info);
  }

  /** Reads the key as it arrives, and INFO of the server: nothing if that is not permitted. In one round trip. */
  async #keyAndInfo(): Promise<[key: unknown, info: Info]> {
    const ask = ['EVAL', 'return KEYS[1]', '1', this.#key];
    const sections = ['server', 'memory', 'persistence', 'replication', 'cluster'];
    try {
      const [key, ...replies] = await this.#transport.sendInOrder([
        ask,
        ...sections.map((section) => ['INFO', section]),
      ]);
      return [key, new Map(replies.flatMap(linesOf))];
    } catch (error) {
      if (!isRefused(error)) throw error;
      return [await this.#ask(ask), new Map()];
    }
  }

  #problemOfKey(key: unknown): StoreFailure | undefined {
    if (String(key) === this.#key) return undefined;
    if (key === undefined) {
      const what = 'sendCommand resolves to undefined instead of the reply';
      return new StoreFailure('NO_RESULT', 'setup', what, 'Return what the client resolves to.');
    }
    return new StoreFailure(
      'KEY_PREFIX',
      'setup',
      'the client changes the keys on their way to the server',
      'Send the commands through a client without a key prefix, and give `prefix` instead.',
    );
  }

  #problemOf(info: Info): StoreFailure | undefined {
    const version = info.get('redis_version');
    if (version !== undefined && Number.parseInt(version, 10) < 7) {
      const what = 'the server is older than Redis 7, and would not forget scripts when it loses writes';
      return new StoreFailure('VERSION', 'setup', what, 'Use Redis 7 or later, or Valkey.');
    }
    const role = info.get('role');
    if (role !== undefined && role !== 'master') {
      return new StoreFailure('ROLE', 'replica', 'the client is connected to a replica', 'Connect it to the primary.');
    }
    if (info.get('cluster_enabled') === '1' && !this.#transport.isForCluster) {
      const what = 'The Redis server is a node of a cluster, and the client is for one node only.';
      const advice = 'Pass a cluster client, or nothing is approved once the slot is moved.';
      this.#warnOnce(`${what} ${advice}`, { what, advice });
    }
    return this.#problemOfReplicas(info);
  }

  #problemOfReplicas(info: Info): StoreFailure | undefined {
    const connected = info.get('connected_slaves');
    if (!this.#waitReplicas || connected === undefined) return undefined;
    const { count } = this.#waitReplicas;
    if (Number(connected) < count) {
      const what = `waitReplicas.count is ${count}, and ${connected} replica(s) are connected`;
      return new StoreFailure(
        'REPLICAS',
        'replica',
        what,
        'Bring the replicas back; nothing can be approved without them.',
      );
    }
    const runId = info.get('run_id') ?? '';
    if (Number(connected) > count && this.#reported !== runId) {
      this.#reported = runId;
      const what =
        `waitReplicas.count is ${count}, and ${connected} replicas are connected: a failover may promote one that ` +
        'lacks what was answered.';
      const advice = 'Set it to the number of replicas that may be promoted.';
      this.#concerns.set('waitReplicas', { what, advice });
      warn('PAYOUT_GUARD_REDIS', `${what} ${advice}`);
    }
    return undefined;
  }

  async #problemOfEviction(info: Info): Promise<StoreFailure | undefined> {
    const maxMemory = info.get('maxmemory') ?? (await this.#config('maxmemory'));
    const policy = info.get('maxmemory_policy') ?? (await this.#config('maxmemory-policy'));
    if (policy === undefined) {
      const what = 'INFO and CONFIG are not permitted here';
      const advice = 'Check that Redis has `maxmemory-policy noeviction`.';
      this.#warnOnce(`${what}: check that Redis has \`maxmemory-policy noeviction\`.`, { what, advice });
      return undefined;
    }
    if (maxMemory === '0' || policy === 'noeviction') return undefined;
    const what = 'Redis deletes keys when its memory is full';
    return new StoreFailure('EVICTION', 'setup', what, 'Set `maxmemory-policy noeviction`: otherwise it loses holds.');
  }

  async #warnOfPersistence(info: Info): Promise<void> {
    const runId = info.get('run_id') ?? '';
    if (this.#keeps === runId || (info.get('aof_enabled') ?? '0') !== '0') return;
    this.#keeps = runId;
    if ((await this.#config('save')) !== '') return;
    const what = 'Redis keeps nothing on disk (appendonly no, no save)';
    const advice = 'Set `appendonly yes`.';
    this.#warnOnce(`${what}: a restart loses captured references.`, { what, advice });
  }

  async #config(name: string): Promise<string | undefined> {
    try {
      return configValue(await this.#ask(['CONFIG', 'GET', name]), name);
    } catch (error) {
      if (!isRefused(error)) throw error;
      return undefined;
    }
  }

  #warnOnce(message: string, concern: Concern): void {
    if (this.#concerns.has(message)) return;
    this.#concerns.set(message, concern);
    warn('PAYOUT_GUARD_REDIS', message);
  }

  #ask(command: Command): Promise<unknown> {
    return this.#transport.send(command);
  }
}

type Info = ReadonlyMap<string, string>;

function linesOf(reply: unknown): [name: string, value: string][] {
  return [...String(reply).matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = '', value = '']) => [name, value]);
}

/** The server lacks the command, or does not let this user run it: managed services do either. */
function isRefused(error: unknown): boolean {
  return /^(NOPERM|ERR unknown command|ERR.*not (allowed|supported|permitted))/i.test(
    String((error as Error)?.message),
  );
}

/** Clients give a map as a list, a Map or an object. */
function configValue(reply: unknown, name: string): string {
  if (Array.isArray(reply)) return String(reply[reply.indexOf(name) + 1] ?? '');
  if (reply instanceof Map) return String(reply.get(name) ?? '');
  return String((reply as Record<string, unknown> | null)?.[name] ?? '');
}
