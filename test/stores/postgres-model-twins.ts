// A PostgreSQL store and a memory store that run the same operations, and must answer alike.
import { expect } from '@jest/globals';
import {
  type ClaimPage,
  type HoldFilter,
  type HoldOutcome,
  type HoldPage,
  type HoldRecord,
  type HoldRequest,
  type HoldStore,
  memoryStore,
} from 'payout-guard';
import type { PostgresClient } from 'payout-guard/stores/postgres';
import { PostgresEngine } from '../../src/stores/postgres/engine.js';
import type { BatchText } from '../../src/stores/postgres/read-batch.js';
import { writeBatch } from '../../src/stores/postgres/write-batch.js';
import type { Op } from '../../src/stores/shared/engine.js';
import type { ManualClock } from '../support/postgres-clock.js';
import { type Operation, type Step, wallets } from './postgres-model-steps.js';

export const schema = 'model';
const anotherEpoch = 'another';

/** So many steps have the same references: later ones would find most of them closed. */
const stepsPerReference = 6;

/** Both stores, and what a run has asked for. */
export class Twins {
  readonly #engine: PostgresEngine;
  readonly #clock: ManualClock;
  readonly #model: HoldStore;
  readonly #epochs: { readonly engine: string; readonly model: string };
  readonly #lastReply: () => BatchText;
  readonly #attempts = new Map<string, number>();
  #fresh = 0;
  #steps = 0;

  private constructor(parts: {
    engine: PostgresEngine;
    clock: ManualClock;
    model: HoldStore;
    epochs: { engine: string; model: string };
    lastReply: () => BatchText;
  }) {
    this.#engine = parts.engine;
    this.#clock = parts.clock;
    this.#model = parts.model;
    this.#epochs = parts.epochs;
    this.#lastReply = parts.lastReply;
  }

  /** Both empty. */
  static async open(client: PostgresClient, clock: ManualClock): Promise<Twins> {
    // Not by TRUNCATE, after which all statements are planned anew.
    for (const table of ['store', 'wallets', 'holds']) await client.query(`DELETE FROM "${schema}".${table}`, []);
    let reply: BatchText | undefined;
    const query: PostgresClient['query'] = async (text, values) => {
      const result = await client.query(text, values);
      if (text.includes('run_batch')) reply = JSON.parse((result.rows[0] as { reply: string }).reply);
      return result;
    };
    const engine = new PostgresEngine({ pool: { query }, schema, recoveryMs: 0, deadlineMs: 10_000 });
    const model = memoryStore({ clock: { now: () => clock.nowMs } });
    const epochs = { engine: (await engine.run([])).epoch, model: (await model.totals('w')).epoch };
    return new Twins({ engine, clock, model, epochs, lastReply: () => reply as BatchText });
  }

  async take(step: Step): Promise<void> {
    this.#steps += 1;
    switch (step.kind) {
      case 'batch':
        await this.#batch(step.operations);
        break;
      case 'batches':
        for (const one of step.operations) await this.#batch([one]);
        break;
      case 'pass':
        await this.#clock.pass(step.ms);
        break;
      case 'list':
        await this.#list(step.filter);
        break;
      case 'claim':
        await this.#claim(step.request);
    }
    // The order of holds within a millisecond is that of their batches for a few hundred of those only.
    await this.#clock.pass(1);
  }

  /** Everything that can be seen, at the end. */
  async compareAll(): Promise<void> {
    await this.#list({ limit: 100 });
    await this.#batch(wallets.map((one) => ({ kind: 'totals', wallet: one })));
  }

  async #batch(operations: readonly Operation[]): Promise<void> {
    const ops = operations.map((one) => this.#op(one));
    const { answers } = await this.#engine.run(ops);
    const { order, fresh } = writeBatch(ops);
    // New holds that all fit are granted before the rest; otherwise they come after it.
    const isFast = this.#lastReply().held !== null;
    const first = isFast ? order.slice(order.length - fresh) : [];
    const ran = [...first, ...order.slice(0, order.length - first.length)];
    const expected: unknown[] = [];
    for (const index of ran) expected[index] = await this.#ask(ops[index] as Op);
    expect(answers.map((answer) => comparable(answer, this.#epochs.engine))).toEqual(
      expected.map((answer) => comparable(answer, this.#epochs.model)),
    );
  }

  #op(one: Operation): Op {
    switch (one.kind) {
      case 'hold': {
        const { isCurrent, kind, ...asked } = one;
        const reference = asked.reference ? this.#named(asked.reference) : `fresh ${++this.#fresh}`;
        const count = (this.#attempts.get(reference) ?? 0) + 1;
        this.#attempts.set(reference, count);
        const currency = asked.wallet === 'v' ? { code: 'UGX', exponent: 0 } : { code: 'KES', exponent: 2 };
        const epoch = isCurrent ? this.#epochs.engine : anotherEpoch;
        const attempt = attemptOf(reference, count);
        return { kind, request: { ...asked, reference, attempt, currency, epoch, metadata: { count: `${count}` } } };
      }
      case 'settle': {
        const { kind, settlement } = one;
        const reference = this.#named(one.reference);
        const count = (this.#attempts.get(reference) ?? 0) + (one.attempt === 'earlier' ? -1 : 0);
        const attempt = one.attempt === undefined ? undefined : attemptOf(reference, count);
        if (settlement.to !== 'sent') return { kind, request: { ...settlement, reference, attempt } };
        const check = settlement.check && {
          epoch: settlement.check.isCurrent ? this.#epochs.engine : anotherEpoch,
          limitMinor: settlement.check.limitMinor,
        };
        return { kind, request: { ...settlement, check, reference, attempt } };
      }
      case 'get':
        return { ...one, reference: this.#named(one.reference) };
      default:
        return one;
    }
  }

  #named(letter: string): string {
    return `${letter}${Math.floor(this.#steps / stepsPerReference)}`;
  }

  /** One operation, of the memory store. */
  async #ask(op: Op): Promise<unknown> {
    const inModel = (epoch: string) => (epoch === this.#epochs.engine ? this.#epochs.model : epoch);
    switch (op.kind) {
      case 'totals':
        return this.#model.totals(op.wallet);
      case 'hold':
        return this.#model.hold({ ...op.request, epoch: inModel(op.request.epoch) } satisfies HoldRequest);
      case 'settle': {
        const { request } = op;
        if (request.to !== 'sent' || !request.check) return this.#model.settle(request);
        const { epoch, limitMinor } = request.check;
        return this.#model.settle({ ...request, check: { epoch: inModel(epoch), limitMinor } });
      }
      case 'get':
        return (await this.#model.get(op.reference)).hold;
      case 'freeze':
        await this.#model.freeze(op.wallet, op.reason);
        return null;
      default:
        throw new Error(`the memory store has no ${op.kind}`);
    }
  }

  /** All pages of a list, with the same holds on each. */
  async #list(filter: HoldFilter): Promise<void> {
    const pagesOf = async (list: (filter: HoldFilter) => Promise<HoldPage> | HoldPage) => {
      const pages = await allPages((after) => list({ ...filter, after }));
      return pages.map(({ holds, nowMs }) => ({ holds: holds.map(comparableHold), nowMs }));
    };
    expect(await pagesOf((one) => this.#engine.list(one))).toEqual(await pagesOf((one) => this.#model.list(one)));
  }

  /**
   * All pages of a claim: the memory store leases in the order in which holds were sent, PostgreSQL in that in which
   * they were taken.
   */
  async #claim(request: Extract<Step, { kind: 'claim' }>['request']): Promise<void> {
    const claimed = async (store: Pick<HoldStore, 'claim'>) => {
      const pages = await allPages(async (after) => store.claim({ ...request, after }));
      const holds = pages.flatMap((page) => page.holds).map(comparableHold);
      const [{ unserved, nowMs }, ...others] = pages as [ClaimPage, ...ClaimPage[]];
      expect(others.flatMap((page) => page.unserved)).toEqual([]);
      return { holds: holds.sort(byReference), unserved: [...unserved].sort(), nowMs };
    };
    expect(await claimed(this.#engine)).toEqual(await claimed(this.#model));
  }
}

function attemptOf(reference: string, count: number): string {
  return `${reference} ${count}`;
}

async function allPages<Page extends HoldPage>(
  ask: (after: string | undefined) => Promise<Page> | Page,
): Promise<Page[]> {
  const pages = [await ask(undefined)];
  for (let next = pages.at(-1)?.next; next !== undefined; next = pages.at(-1)?.next) {
    if (pages.length > 200) throw new Error('the pages do not end');
    pages.push(await ask(next));
  }
  return pages;
}

function byReference(one: HoldRecord, other: HoldRecord): number {
  return one.reference < other.reference ? -1 : 1;
}

function comparable(answer: unknown, epoch: string): unknown {
  if (typeof answer !== 'object' || answer === null) return answer;
  if ('reference' in answer) return comparableHold(answer as HoldRecord);
  const { hold, totals, ...more } = answer as Partial<Extract<HoldOutcome, { outcome: 'held' }>>;
  return {
    ...more,
    ...('epoch' in more && { epoch: more.epoch === epoch }),
    hold: hold && comparableHold(hold),
    totals: totals && { ...totals, epoch: totals.epoch === epoch },
  };
}

/** A reservation ends when it expires; the memory store writes down when it found that out. */
function comparableHold(hold: HoldRecord): HoldRecord {
  const mayHaveExpired = hold.state === 'released' && hold.sentAtMs === undefined;
  return mayHaveExpired ? { ...hold, endedAtMs: undefined } : hold;
}
