// Random numbers from a seed: sfc32, which is small, fast and the same on every machine.

const { floor, max, round } = Math;

export class Random {
  #a: number;
  #b: number;
  #c = 0x9e3779b9;
  #counter = 1;

  /** @param seed - A whole number from 0 to 2^53 - 1. Neighbouring seeds are unrelated. */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = (seed / 2 ** 32) | 0;
    for (let round = 0; round < 15; round++) this.next();
  }

  /** From 0 up to, but not including, 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + floor(this.next() * (most - least + 1));
  }

  /** From 1 to `most`, with every order of magnitude equally likely: usually short, sometimes very long. */
  upTo(most: number): number {
    return max(1, round(most ** this.next()));
  }

  /** From 1 to `most`: half of the values usually short, and the others uniform. */
  spread(most: number): number {
    return this.chance(0.5) ? this.upTo(most) : this.between(1, most);
  }

  pick<T>(items: readonly [T, ...T[]]): T;
  pick<T>(items: readonly T[]): T | undefined;
  pick<T>(items: readonly T[]): T | undefined {
    return items[floor(this.next() * items.length)];
  }
}
