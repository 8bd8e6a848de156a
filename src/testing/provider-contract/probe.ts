// The questions that the rules of the contract put to an adapter.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { Decimal } from 'decimal.js';
import { parse, stringify } from 'lossless-json';
import type { BalanceProvider, PayoutAnswer, ProviderBalance } from '../../core/provider.js';
import type { NetworkOptions } from '../../http/options.js';
import { ApiServer, type Reply } from './api-server.js';
import type { ApiQuestion, ProviderTarget } from './target.js';

/** Time of the payouts that are looked up: 2026-11-26T08:00:00Z. */
export const sentAtMs = 1_795_680_000_000;

/** Defines one test of the contract. */
export type Rule = (title: string, test: (probe: Probe) => Promise<void>, network?: NetworkOptions) => void;

/** An adapter and the server that it asks. */
export class Probe {
  readonly server: ApiServer;
  readonly provider: BalanceProvider;
  readonly #target: ProviderTarget;

  private constructor(target: ProviderTarget, server: ApiServer, network: NetworkOptions) {
    this.#target = target;
    this.server = server;
    this.provider = target.open(server.url, network);
  }

  /** Attempts without waits between them, unless `network` differs. */
  static async open(target: ProviderTarget, network: NetworkOptions = {}): Promise<Probe> {
    return new Probe(target, await ApiServer.start(target.before), { random: () => 0, ...network });
  }

  answer(reply: Reply | ((question: ApiQuestion) => Reply)): this {
    this.server.reply = typeof reply === 'function' ? reply : () => reply;
    return this;
  }

  balance(signal: AbortSignal = new AbortController().signal): Promise<ProviderBalance> {
    return this.provider.fetchBalance({ currency: this.#target.currency, signal });
  }

  async lookup(reference: string, signal: AbortSignal = new AbortController().signal): Promise<PayoutAnswer> {
    const { lookup } = this.provider;
    assert.ok(lookup, 'the adapter has no lookup');
    return lookup.call(this.provider, { reference, currency: this.#target.currency, sentAtMs, signal });
  }

  /** The outcome of a look-up: `unknown` if it rejects, because nothing follows from it then. */
  async outcome(reference: string): Promise<PayoutAnswer['outcome']> {
    return this.lookup(reference).then(
      ({ outcome }) => outcome,
      () => 'unknown',
    );
  }
}

/** Compares decimal texts by value: `100` is `100.00`. */
export function assertAmount(actual: string | undefined, expected: string, about: string): void {
  assert.ok(actual !== undefined && /^-?\d+(\.\d+)?$/.test(actual), `${about}: not plain decimal text: ${actual}`);
  assert.ok(new Decimal(actual).equals(expected), `${about}: ${actual} instead of ${expected}`);
}

/** The error of work that must reject. */
export async function rejection(work: Promise<unknown>): Promise<Error & { readonly reason?: unknown }> {
  const outcome = await work.then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  assert.fail(`it resolved: ${inspect(outcome.value)}`);
}

/** Fails if a value shows a secret as text, in hexadecimal or in base64. */
export function assertNoSecret(value: unknown, secrets: readonly string[]): void {
  const shown = `${inspect(value, { depth: 10, showHidden: true, getters: true })}\n${JSON.stringify(value)}`;
  for (const secret of secrets) {
    const bytes = Buffer.from(secret);
    for (const form of [secret, bytes.toString('hex'), bytes.toString('base64'), encodeURIComponent(secret)]) {
      assert.ok(!shown.includes(form), 'a secret is shown');
    }
  }
}

/** The JSON text with the value at a path replaced; `undefined` leaves the field out. */
export function changed(json: string, path: string, value: unknown): string {
  const body = parse(json);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const parent = keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], body);
  assert.ok(typeof parent === 'object' && parent !== null && last in parent, `the answer has no field ${path}`);
  Object.assign(parent, { [last]: value });
  return stringify(body) ?? '';
}
