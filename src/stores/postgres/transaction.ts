// The store inside a transaction of the application.
import { randomUUID } from 'node:crypto';
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
import type { Op, Operations, OpKind } from '../shared/engine.js';
import type { PostgresEngine } from './engine.js';

/**
 * Each operation is a batch of one on the connection of the transaction. No deadline but the server's lock timeout: whoever cannot
 * wait any longer rolls back. Nothing is undone here and nothing put back: both are for the transaction to do.
 */
export class StoreInTransaction implements HoldStore {
  readonly name: string;
  readonly #engine: PostgresEngine;

  constructor(engine: PostgresEngine) {
    this.name = engine.name;
    this.#engine = engine;
  }

  totals(wallet: string): Promise<WalletTotals> {
    return this.#ask('totals', { wallet });
  }

  hold(request: HoldRequest): Promise<HoldOutcome> {
    return this.#ask('hold', { request, attempt: randomUUID() });
  }

  settle(request: SettleRequest): Promise<SettleOutcome> {
    return this.#ask('settle', { request });
  }

  get(reference: string): Promise<HoldRecord | undefined> {
    return this.#ask('get', { reference });
  }

  list(filter: HoldFilter): Promise<HoldPage> {
    return this.#engine.list(filter);
  }

  claimSent(request: ClaimRequest): Promise<HoldPage> {
    return this.#engine.claimSent(request);
  }

  async close(): Promise<void> {}

  async #ask<Kind extends OpKind>(kind: Kind, op: Operations[Kind]['op']): Promise<Operations[Kind]['answer']> {
    const { answers } = await this.#engine.run([{ kind, ...op } as Op]);
    return answers[0] as Operations[Kind]['answer'];
  }
}
