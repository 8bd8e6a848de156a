// What the holder of a hold gets that would have been refused: it holds nothing, and takes every move.
import type { Decision } from './decision.js';
import type { HoldState } from './hold.js';
import type { HoldInfo } from './hold-info.js';
import type { Hold } from './holds.js';

export class ShadowHold implements Hold {
  readonly reference: string;
  readonly wallet: string;
  readonly amount: string;
  readonly currency: string;
  readonly decision: Decision;
  readonly #createdAt: Date;
  readonly #onReleased: () => void;
  #state: HoldState;

  constructor(
    about: { reference: unknown; decision: Decision; state: HoldState; createdAt: Date },
    onReleased: () => void,
  ) {
    this.reference = String(about.reference);
    this.decision = about.decision;
    this.wallet = about.decision.wallet;
    this.amount = about.decision.required;
    this.currency = about.decision.currency;
    this.#state = about.state;
    this.#createdAt = about.createdAt;
    this.#onReleased = onReleased;
  }

  get state(): HoldState {
    return this.#state;
  }
  get sent(): Hold['sent'] {
    return async () => this.#move('sent');
  }
  get capture(): Hold['capture'] {
    return async () => this.#move('captured');
  }
  get release(): Hold['release'] {
    return async () => {
      if (this.#state !== 'released') this.#onReleased();
      return this.#move('released');
    };
  }

  #move(state: HoldState): HoldInfo {
    this.#state = state;
    const { reference, wallet, amount, currency } = this;
    return { reference, wallet, state, amount, currency, createdAt: this.#createdAt, metadata: {} };
  }
}
