// The store inside a transaction of the application.
import type { HoldOutcome, HoldReading, HoldRequest, SettleOutcome, SettleRequest } from '../../core/store.js';
import { assertHoldRequest, assertReference, assertSettleRequest } from '../shared/checks.js';
import type { BatchReply, Op, Operations, OpKind } from '../shared/engine.js';
import { answerTo, askable } from '../shared/recovery-window.js';
import type { PostgresEngine } from './engine.js';

/**
 * The calls that may be part of a transaction: each is one statement, and no other one ever comes. So this is no store
 * for a guard, which asks providers and looks up outcomes.
 *
 * The server bounds the wait for locks: it gives up, with SQLSTATE 55P03, before `deadlineMs` is over. Only the client
 * bounds the rest: the queries before it on the same connection, the network, a server that hangs. Nothing is undone or
 * restored here: both are for the transaction to do. Errors of the client are thrown as they are.
 */
export class StoreInTransaction {
  readonly #engine: PostgresEngine;

  readonly #recoveringForMs: () => number;

  /** @param recoveringForMs - How long the store itself approves nothing yet. */
  constructor(engine: PostgresEngine, recoveringForMs: () => number) {
    this.#engine = engine;
    this.#recoveringForMs = recoveringForMs;
  }

  /** For `prepared.hold(...)` of `guard.prepare`. */
  async hold(request: HoldRequest): Promise<HoldOutcome> {
    assertHoldRequest(request);
    const asked = askable(request, this.#recoveringForMs());
    const { answer } = await this.#ask('hold', { request: asked });
    return answerTo(request, asked, answer, this.#recoveringForMs());
  }

  /** Captures or releases together with your own rows. */
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

  async #ask<Kind extends OpKind>(kind: Kind, op: Operations[Kind]['op']): Promise<Reply<Kind>> {
    const { answers, ...reply } = await this.#engine.run([{ kind, ...op } as Op]);
    const recoveringForMs = Math.max(reply.recoveringForMs, this.#recoveringForMs());
    return { ...reply, recoveringForMs, answer: answers[0] as Operations[Kind]['answer'] };
  }
}

interface Reply<Kind extends OpKind> extends Omit<BatchReply, 'answers'> {
  readonly answer: Operations[Kind]['answer'];
}
