// Asks the database again when it answers in another epoch than the one that this process is in.

import { isReading } from './engine.js';
import { type EnteredEpoch, maxRounds } from './entered-epoch.js';
import { anyReference, type Executed, type Reply, type Requests, type SentOp } from './requests.js';
import type { Restoration } from './restoration.js';
import { refusals, unavailable } from './store-failure.js';

export class EpochRetries {
  readonly #requests: Requests;
  readonly #restoration: Restoration;
  readonly #epoch: EnteredEpoch;
  readonly #closing: AbortSignal;

  constructor(requests: Requests, restoration: Restoration, epoch: EnteredEpoch, closing: AbortSignal) {
    this.#requests = requests;
    this.#restoration = restoration;
    this.#epoch = epoch;
    this.#closing = closing;
  }

  /** Asks until the answer is of an epoch in which this process has restored its holds. */
  async read<Asked extends SentOp>(op: Asked): Promise<Executed<Asked['kind']>> {
    for (let round = 1; round <= maxRounds; round++) {
      const reply = await this.executed(op);
      if (this.#restoration.isCurrent(reply.epoch)) return reply;
      await this.#restoration.enter();
    }
    throw unavailable(refusals.unstable);
  }

  /** Asks until the operation is executed, for one that may be repeated. */
  async executed<Asked extends SentOp>(op: Asked): Promise<Executed<Asked['kind']>> {
    for (let round = 1; round <= maxRounds; round++) {
      const reply = await this.once(op);
      if (reply.isExecuted) return reply;
      if (!this.#restoration.isCurrent(reply.epoch)) await this.#restoration.enter();
    }
    throw unavailable(refusals.unstable);
  }

  /** Asks once, when the holds of this process are back. The very first request reads the store's time and epoch. */
  once<Asked extends SentOp>(op: Asked): Promise<Reply<Asked['kind']>> {
    if (this.#closing.aborted) return Promise.reject(this.#closing.reason);
    if (this.#restoration.isRunning) return this.#restoration.untilDone().then(() => this.#requests.submit(op));
    if (this.#requests.canWrite || isReading(op)) return this.#requests.submit(op);
    return this.#requests.submit({ kind: 'get', reference: anyReference }).then(({ epoch }) => {
      if (this.#epoch.id === undefined) this.#restoration.isCurrent(epoch);
      return this.once(op);
    });
  }
}
