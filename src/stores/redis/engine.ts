// Redis as an engine: one script call for each batch.
import { randomUUID } from 'node:crypto';
import type { ClaimRequest, HoldFilter, HoldPage } from '../../core/store.js';
import type { BatchReply, Engine, Op } from '../shared/engine.js';
import { batchScript } from './batch.generated.js';
import { claimScript } from './claim.generated.js';
import { isUnknownScript, Script, type SendCommand } from './connection.js';
import { listScript } from './list.generated.js';
import { ServerCheck } from './server-check.js';
import { swapScript } from './swap.generated.js';
import { decodeBatch, decodeRow, encodeBatch, sequenceOf } from './wire.js';

export interface RedisEngineOptions {
  readonly send: SendCommand;
  readonly prefix: string;
  readonly recoveryMs: number;
  readonly rememberFinished: number;
  readonly waitReplicas?: WaitReplicas | undefined;
}

export interface WaitReplicas {
  /** How many replicas must have what was written before it is answered; 1 to 10. */
  count: number;
  /** How long to wait for them, in milliseconds; 1 to 10,000. */
  timeoutMs: number;
}

export class RedisEngine implements Engine {
  readonly name = 'redis';
  readonly locksWallets = false;
  readonly #options: RedisEngineOptions;
  readonly #key: string;
  readonly #holdBase: string;
  readonly #notes: string;
  readonly #batch = new Script(batchScript);
  readonly #list = new Script(listScript);
  readonly #claim = new Script(claimScript);
  readonly #swap = new Script(swapScript);
  readonly #check: ServerCheck;
  /** The highest version of the store that was seen: a lower one means that it went back in time. */
  #version = 0;

  constructor(options: RedisEngineOptions) {
    this.#options = options;
    this.#key = `{${options.prefix}}:store`;
    this.#holdBase = `{${options.prefix}}:hold:`;
    this.#notes = `{${options.prefix}}:notes`;
    this.#check = new ServerCheck(options.send);
  }

  async run(batch: readonly Op[]): Promise<BatchReply> {
    if (!this.#check.isPassed) await this.#check.run();
    const { keys, operations } = encodeBatch(batch, this.#holdBase);
    const allKeys = [this.#key, ...keys];
    let reply: unknown;
    try {
      reply = await this.#replicated((send) => this.#batch.runKnown(send, allKeys, this.#args('0', operations)));
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      // The script is told, because a server that does not know it may be another one, or a restarted one. Loading it first would
      // let somebody in between, who would not notice.
      reply = await this.#replicated((send) => this.#batch.runWhole(send, allKeys, this.#args('1', operations)));
    }
    const { version, ...answer } = decodeBatch(batch, reply);
    this.#version = Math.max(this.#version, version);
    return answer;
  }

  async list(filter: HoldFilter): Promise<HoldPage> {
    const { wallet = '', state = '', olderThanMs, limit, after = '0' } = filter;
    const found: string[] = [];
    let next = after;
    // One more than asked for: it tells whether there is another page.
    while (next !== '' && found.length <= 2 * limit) {
      const missing = limit + 1 - found.length / 2;
      const filters = [wallet, state, olderThanMs === undefined ? '' : `${olderThanMs}`];
      const reply = await this.#list.run(this.#options.send, [this.#key], [...filters, `${missing}`, next]);
      const [cursor, ...rows] = texts(reply);
      next = cursor;
      found.push(...rows);
    }
    const holds = decodePairs(found.slice(0, 2 * limit));
    return found.length > 2 * limit ? { holds, next: sequenceOf(found[2 * limit - 1] ?? '') } : { holds };
  }

  async claimSent(request: ClaimRequest): Promise<HoldPage> {
    const { owner, olderThanMs, leaseMs, limit, after = '0' } = request;
    const found: string[] = [];
    let next = after;
    while (next !== '' && found.length < 2 * limit) {
      const args = [owner, `${olderThanMs}`, `${leaseMs}`, `${limit - found.length / 2}`, next];
      const [cursor, ...rows] = texts(await this.#claim.run(this.#options.send, [this.#key], args));
      next = cursor;
      found.push(...rows);
    }
    const holds = decodePairs(found);
    return next === '' ? { holds } : { holds, next };
  }

  async note(key: string): Promise<string | undefined> {
    const note = await this.#options.send(['HGET', this.#notes, key]);
    return note === null || note === undefined ? undefined : String(note);
  }

  async swapNote(key: string, expected = '', value = ''): Promise<boolean> {
    return Number(await this.#swap.run(this.#options.send, [this.#notes], [key, expected, value])) === 1;
  }

  /** The client belongs to the application. */
  async close(): Promise<void> {}

  #args(isFresh: '0' | '1', ops: readonly string[]): string[] {
    const { recoveryMs, rememberFinished } = this.#options;
    return [randomUUID(), isFresh, `${this.#version}`, `${recoveryMs}`, `${rememberFinished}`, ...ops];
  }

  /** Runs a script, and waits in the same pipeline until enough replicas have what it wrote. */
  async #replicated(run: (send: SendCommand) => Promise<unknown>): Promise<unknown> {
    const { send, waitReplicas } = this.#options;
    if (!waitReplicas) return run(send);
    const wait = ['WAIT', `${waitReplicas.count}`, `${waitReplicas.timeoutMs}`];
    const [reply, replicas] = await Promise.all([run(send), send(wait)]);
    if (Number(replicas) < waitReplicas.count) throw new Error('too few replicas have it');
    return reply;
  }
}

function texts(reply: unknown): [string, ...string[]] {
  if (!Array.isArray(reply) || reply.length === 0) throw new Error('not an answer of the script');
  return reply.map(String) as [string, ...string[]];
}

/** Reference and row, in turn. */
function decodePairs(pairs: readonly string[]): HoldPage['holds'] {
  return pairs.flatMap((text, index) => (index % 2 === 0 ? [] : [decodeRow(pairs[index - 1] ?? '', text.split('\n'))]));
}
