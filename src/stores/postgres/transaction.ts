// The store inside a transaction of the application.
import type { HoldRecord } from '../../core/hold.js';
import type {
  ClaimRequest,
  HoldFilter,
  HoldOutcome,
  HoldPage,
  HoldRequest,
  HoldStore,
  SettleOutcome,
  SettleRequest,
  WalletTotals,
} from '../../core/store.js';
import { assertHoldRequest, assertNote, assertReference, assertSettleRequest, assertText } from '../shared/checks.js';
import type { Op, Operations, OpKind } from '../shared/engine.js';
import type { PostgresEngine } from './engine.js';

/**
 * Each operation is a batch of one on the connection of the transaction. What it waits for in the database, the locks, is bounded
 * by the server: it gives up, with SQLSTATE 55P03, before `deadlineMs` is over. What it waits for outside is bounded by the
 * client alone: the queries before it on the same connection, the network, a server that hangs. Nothing is undone here and
 * nothing put back: both are for the transaction to do.
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
    return this.#ask('totals', { wallet });
  }

  async hold(request: HoldRequest): Promise<HoldOutcome> {
    assertHoldRequest(request);
    return this.#ask('hold', { request });
  }

  async settle(request: SettleRequest): Promise<SettleOutcome> {
    assertSettleRequest(request);
    return this.#ask('settle', { request });
  }

  async get(reference: string): Promise<HoldRecord | undefined> {
    assertReference(reference);
    return this.#ask('get', { reference });
  }

  list(filter: HoldFilter): Promise<HoldPage> {
    return this.#engine.list(filter);
  }

  claimSent(request: ClaimRequest): Promise<HoldPage> {
    return this.#engine.claimSent(request);
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

  async #ask<Kind extends OpKind>(kind: Kind, op: Operations[Kind]['op']): Promise<Operations[Kind]['answer']> {
    const { answers } = await this.#engine.run([{ kind, ...op } as Op]);
    return answers[0] as Operations[Kind]['answer'];
  }
}
