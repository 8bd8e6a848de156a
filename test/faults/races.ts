// Payouts that two processes send at the same time, and that clients repeat.
import type { Random } from '../simulation/random.js';
import { type Wallet, wallets } from './messages.js';
import type { Place } from './world.js';

interface Race {
  readonly reference: string;
  readonly wallet: Wallet;
  readonly amount: bigint;
}

export class Races {
  readonly #chance: Random;
  readonly #begun: Race[] = [];

  constructor(chance: Random) {
    this.#chance = chance;
  }

  /** Makes two processes send one payout. */
  begin(places: readonly Place[]): void {
    const race = {
      reference: `race-${this.#begun.length + 1}`,
      wallet: this.#chance.pick(wallets) as Wallet,
      amount: BigInt(this.#chance.between(100, 1_000)),
    };
    this.#begun.push(race);
    const first = this.#chance.between(0, places.length - 1);
    for (const index of [first, (first + 1) % places.length]) places[index]?.payer.send({ kind: 'race', ...race });
  }

  /** Makes a process send one of the last payouts again, as a client does that has no answer. */
  repeat(places: readonly Place[]): void {
    const race = this.#chance.pick(this.#begun.slice(-30));
    if (race) this.#chance.pick(places)?.payer.send({ kind: 'race', ...race });
  }
}
