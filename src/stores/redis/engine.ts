// Redis as an engine: one script call for each batch.
import { randomUUID } from 'node:crypto';
import type { ClaimPage, ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import type { BatchReply, Concern, Engine, Header, Op } from '../shared/engine.js';
import { rememberUnsentMs } from '../shared/options.js';
import { batchScript } from './batch.generated.js';
import { claimScript } from './claim.generated.js';
import { compareAndSetScript } from './compare-and-set.generated.js';
import { decodeBatch } from './decode-batch.js';
import { encodeBatch } from './encode-batch.js';
import { redisFailure } from './failure.js';
import { listScript } from './list.generated.js';
import { noteScript } from './note.generated.js';
import { runReplicated, type WaitReplicas } from './replication.js';
import { decodeRow, sequenceOf } from './row.js';
import { isUnknownScript, Script } from './script.js';
import { ServerCheck } from './server-check.js';
import { slotOf } from './transport/slot.js';
import type { Command, StoreKeys, Transport } from './transport/transport.js';
import { unservedScript } from './unserved.generated.js';

export interface RedisEngineOptions {
  readonly transport: Transport;
  readonly prefix: string;
  readonly recoveryMs: number;
  /** Time for which captured and failed references are remembered, in milliseconds. */
  readonly rememberMs: number;
  readonly waitReplicas?: WaitReplicas | undefined;
}

const maxUnserved = 100;

export class RedisEngine implements Engine {
  readonly name = 'redis';
  readonly #options: RedisEngineOptions;
  readonly #key: string;
  readonly #holdBase: string;
  readonly #batchBase: string;
  readonly #notes: string;
  readonly #batch = new Script(batchScript);
  readonly #list = new Script(listScript);
  readonly #claim = new Script(claimScript);
  readonly #unservedWallets = new Script(unservedScript);
  readonly #note = new Script(noteScript);
  readonly #compareAndSet = new Script(compareAndSetScript);
  readonly #keys: StoreKeys;
  /** Arguments of each batch that are always the same. */
  readonly #settings: readonly string[];
  readonly #check: ServerCheck;
  /** The highest version of the store that was seen: a lower one means that it went back in time. */
  #version = 0;

  constructor(options: RedisEngineOptions) {
    this.#options = options;
    this.#key = `{${options.prefix}}:store`;
    this.#holdBase = `{${options.prefix}}:hold:`;
    this.#batchBase = `{${options.prefix}}:batch:`;
    this.#notes = `{${options.prefix}}:notes`;
    this.#keys = storeKeys(options.prefix);
    this.#settings = [options.recoveryMs, options.rememberMs, rememberUnsentMs(options.rememberMs)].map(String);
    this.#check = new ServerCheck(options.transport, this.#key, options.waitReplicas);
  }

  async run(batch: readonly Op[], header?: Header): Promise<BatchReply> {
    const { keys, operations } = encodeBatch(batch, this.#holdBase);
    // A key that is not there yet: see `absent`.
    const own = header ? this.#batchBase + header.id : this.#keys.absent;
    const args = (isFresh: '0' | '1') => this.#args(isFresh, header, operations);
    try {
      const answer = await this.#runScript(this.#batch, [this.#key, own, ...keys], args);
      const { version, reply } = decodeBatch(batch, answer);
      this.#version = Math.max(this.#version, version);
      await this.#check.after(reply.epoch);
      return reply;
    } catch (error) {
      throw redisFailure(error);
    }
  }

  async list(filter: HoldFilter): Promise<HoldPage> {
    const { wallets, state = '', olderThanMs, limit, after = '0' } = filter;
    const some = wallets ? ['some', ...wallets] : ['all'];
    const found: string[] = [];
    let next = after;
    let nowMs = 0;
    // One more than asked for: it shows whether there is another page.
    while (next !== '' && found.length <= 2 * limit) {
      const missing = limit + 1 - found.length / 2;
      const olderThan = olderThanMs === undefined ? '' : `${olderThanMs}`;
      const page = await this.#page(this.#list, [state, olderThan, `${missing}`, next, ...some]);
      ({ next, nowMs } = page);
      found.push(...page.found);
    }
    const holds = decodePairs(found.slice(0, 2 * limit));
    return found.length > 2 * limit ? { holds, next: sequenceOf(found[2 * limit - 1] ?? ''), nowMs } : { holds, nowMs };
  }

  async claim(request: ClaimRequest): Promise<ClaimPage> {
    const isFirst = request.after === undefined;
    const [claimed, unserved] = await Promise.all([this.#claimed(request), isFirst ? this.#unserved(request) : []]);
    return { ...claimed, unserved };
  }

  async #claimed({ wallets, owner, olderThanMs, leaseMs, limit, after = '0' }: ClaimRequest): Promise<HoldPage> {
    const found: string[] = [];
    let next: string;
    let nowMs: number;
    let from = after;
    do {
      const missing = limit - found.length / 2;
      const args = [owner, `${olderThanMs}`, `${leaseMs}`, `${missing}`, from, ...wallets];
      const page = await this.#page(this.#claim, args);
      ({ next, nowMs } = page);
      found.push(...page.found);
      from = next;
    } while (next !== '' && found.length < 2 * limit);
    const holds = decodePairs(found);
    return next === '' ? { holds, nowMs } : { holds, next, nowMs };
  }

  async #unserved({ wallets, unservedForMs }: ClaimRequest): Promise<string[]> {
    const unserved: string[] = [];
    for (let next = '-'; next !== '' && unserved.length < maxUnserved; ) {
      const args = [`${unservedForMs}`, `${maxUnserved - unserved.length}`, next, ...wallets];
      const page = await this.#page(this.#unservedWallets, args);
      ({ next } = page);
      unserved.push(...page.found);
    }
    return unserved;
  }

  /** One call of a script that answers with its time, where to continue, and what it found. */
  async #page(script: Script, args: readonly string[]): Promise<{ nowMs: number; next: string; found: string[] }> {
    const reply = await this.#runScript(script, [this.#key, this.#keys.absent], () => args).catch(explain);
    if (!Array.isArray(reply) || reply.length < 2) throw new Error('not an answer of the script');
    const [now, next = '', ...found] = reply.map(String);
    return { nowMs: Number(now), next, found };
  }

  async note(key: string): Promise<string | undefined> {
    const keys = [this.#notes, this.#key, this.#keys.absent];
    const note = await this.#runScript(this.#note, keys, () => [key]).catch(explain);
    return note === null || note === undefined ? undefined : String(note);
  }

  async swapNote(key: string, expected = '', value = ''): Promise<boolean> {
    const args = [key, expected, value];
    const keys = [this.#notes, this.#key, this.#keys.absent];
    return Number(await this.#runScript(this.#compareAndSet, keys, () => args).catch(explain)) === 1;
  }

  concerns(): Promise<readonly Concern[]> {
    return this.#check.concerns().catch(explain);
  }

  isConnected(): boolean | undefined {
    return this.#options.transport.isConnected();
  }

  /** The client belongs to the application. */
  async close(): Promise<void> {}

  #args(isFresh: '0' | '1', header: Header | undefined, operations: readonly string[]): string[] {
    const { epoch, notAfterMs } = header ?? { epoch: '', notAfterMs: '' };
    return [randomUUID(), isFresh, `${this.#version}`, ...this.#settings, epoch, `${notAfterMs}`, ...operations];
  }

  /**
   * Runs a script on a server that was checked.
   *
   * @param args - Gets `1` if the script was not loaded in the server. Such a server may be another one, or a restarted
   *   one. If the script were loaded first, another process could come in between and not detect it.
   */
  async #runScript(
    script: Script,
    keys: readonly string[],
    args: (isFresh: '0' | '1') => readonly string[],
  ): Promise<unknown> {
    await this.#check.before();
    try {
      return await this.#replicated(script.known(keys, args('0')));
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.#replicated(script.whole(keys, args('1')));
    }
  }

  #replicated(command: Command): Promise<unknown> {
    const { transport, waitReplicas } = this.#options;
    return waitReplicas ? runReplicated(transport, waitReplicas, command) : transport.send(command);
  }
}

function explain(error: unknown): never {
  throw redisFailure(error);
}

/**
 * While a slot moves from one node of a cluster to another, Redis runs a script only if all keys that it declares are
 * on the node. A key that never exists therefore keeps scripts from a node that has only some of the keys of the store.
 */
export function storeKeys(prefix: string): StoreKeys {
  return { slot: slotOf(prefix), absent: `{${prefix}}:absent` };
}

/** Reference and row, in turn. */
function decodePairs(pairs: readonly string[]): HoldPage['holds'] {
  return pairs.flatMap((text, index) => (index % 2 === 0 ? [] : [decodeRow(pairs[index - 1] ?? '', text)]));
}
