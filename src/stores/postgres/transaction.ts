// The store inside a transaction of the application.
import type {
  ClaimPage,
  ClaimRequest,
  HoldFilter,
  HoldOutcome,
  HoldPage,
  HoldReading,
  HoldRequest,
  HoldStore,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from '../../core/store.js';
import { assertHoldRequest, assertNote, assertReference, assertSettleRequest, assertText } from '../shared/checks.js';
import type { BatchReply, Op, Operations, OpKind } from '../shared/engine.js';
import type { PostgresEngine } from './engine.js';

/**
 * Each operation is a batch of one on the connection of the transaction. The server bounds the wait for locks: it gives up, with
 * SQLSTATE 55P03, before `deadlineMs` is over. Only the client bounds the rest: the queries before it on the same connection, the
 * network, a server that hangs. Nothing is undone or restored here: both are for the transaction to do.
 */
export class StoreInTransaction implements HoldStore {
  readonly name: string;
  readonly #engine: PostgresEngine;

  constructor(engine: PostgresEngine) {
    this.name = engine.name;
    this.#engine = engine;
  }

  async totals(wallet: string): Promise<WalletTotals> {
    assertText('wallet', wallet);
    return (await this.#ask('totals', { wallet })).answer;
  }

  async hold(request: HoldRequest): Promise<HoldOutcome> {
    assertHoldRequest(request);
    return (await this.#ask('hold', { request })).answer;
  }

  async settle(request: SettleRequest): Promise<SettleOutcome> {
    assertSettleRequest(request);
    const { answer, recoveringForMs } = await this.#ask('settle', { request });
    // Another process may restore it yet.
    const isMissing = answer.outcome === 'unknown' && recoveringForMs > 0;
    return isMissing ? { outcome: 'recovering', forMs: recoveringForMs } : answer;
  }

  async get(reference: string): Promise<HoldReading> {
    assertReference(reference);
    const { answer: hold, nowMs, recoveringForMs } = await this.#ask('get', { reference });
    return recoveringForMs > 0 ? { hold, nowMs, recoveringForMs } : { hold, nowMs };
  }

  async list(filter: HoldFilter): Promise<HoldPage> {
    for (const wallet of filter.wallets ?? []) assertText('wallet', wallet);
    return this.#engine.list(filter);
  }

  async claim(request: ClaimRequest): Promise<ClaimPage> {
    assertText('owner', request.owner);
    for (const wallet of request.wallets) assertText('wallet', wallet);
    return this.#engine.claim(request);
  }

  async freeze(wallet: string, reason: string | undefined): Promise<void> {
    assertText('wallet', wallet);
    if (reason !== undefined) assertText('reason', reason);
    await this.#ask('freeze', { wallet, reason });
  }

  async note(key: string): Promise<string | undefined> {
    assertNote(key);
    return this.#engine.note(key);
  }

  async swapNote(key: string, expected: string | undefined, value: string | undefined): Promise<boolean> {
    assertNote(key, expected, value);
    return this.#engine.swapNote(key, expected, value);
  }

  async close(): Promise<void> {}

  async #ask<Kind extends OpKind>(kind: Kind, op: Operations[Kind]['op']): Promise<Reply<Kind>> {
    const { answers, ...reply } = await this.#engine.run([{ kind, ...op } as Op]);
    return { ...reply, answer: answers[0] as Operations[Kind]['answer'] };
  }
}

interface Reply<Kind extends OpKind> extends Omit<BatchReply, 'answers'> {
  readonly answer: Operations[Kind]['answer'];
}
