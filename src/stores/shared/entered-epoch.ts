// The epoch of the database that this process works in.

/** Tries when the database loses data, or its clock steps, once more while it is asked. */
export const maxRounds = 5;

export class EnteredEpoch {
  #id: string | undefined;
  #entries = 0;

  /** The last epoch in which all that this process answers for is known to be in the database. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Counts the epochs that this process has entered. */
  get entries(): number {
    return this.#entries;
  }

  enter(id: string): void {
    this.#id = id;
    this.#entries += 1;
  }
}
