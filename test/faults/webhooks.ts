// The webhooks of the bank, each sent to one process after the other until one has processed it.
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../processes/child.js';
import type { Random } from '../simulation/random.js';
import type { Payment } from './messages.js';
import type { Place, World } from './world.js';

/** Interval in which a webhook is sent again, in milliseconds, and the time for which it is. */
const webhookEveryMs = 150;
const webhooksForMs = 90_000;

export class Webhooks {
  readonly #world: World;
  readonly #chance: Random;
  readonly #open = new Map<string, { payment: Payment; sinceMs: number; error: string | undefined }>();
  #isOver = false;

  constructor(world: World, chance: Random) {
    this.#world = world;
    this.#chance = chance;
  }

  /** The bank posts to one of the processes that a payout was made, and to another one until it is processed. */
  async deliver(payment: Payment): Promise<void> {
    const world = this.#world;
    const { reference } = payment;
    const webhook = { payment, sinceMs: monotonicMs(), error: undefined };
    this.#open.set(reference, webhook);
    while (this.#open.has(reference) && !this.#isOver) {
      // A hold that was lost with its process cannot be settled by any other, nor one that ended before the store lost
      // data.
      const mayBeGone = world.mayOverspend || world.mayHaveEnded(reference);
      const sinceMs = Math.max(webhook.sinceMs, world.mayOverspend ? 0 : world.lostUntilMs + world.recoveryMs);
      if (monotonicMs() > sinceMs + (mayBeGone ? 1_500 : webhooksForMs)) {
        this.#open.delete(reference);
        if (!mayBeGone) world.problem(`the webhook of ${reference} was not processed: ${webhook.error}`);
        return;
      }
      const { payer } = this.#chance.pick(world.places) as Place;
      payer.send({ kind: 'webhook', ...payment });
      await sleep(webhookEveryMs);
    }
  }

  /** A process has processed the webhook, or failed with an error. */
  delivered(reference: string, error: string | undefined): void {
    const webhook = this.#open.get(reference);
    if (error === undefined) this.#open.delete(reference);
    else if (webhook) webhook.error = error;
  }

  /** Waits until every webhook is processed or given up. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await sleep(20);
  }

  /** Sends none of them again. */
  stop(): void {
    this.#isOver = true;
  }
}
