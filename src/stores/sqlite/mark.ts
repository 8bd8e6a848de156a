// The high-water mark beside the file: how far the file had come. A file that is behind its mark is an older copy.
import { closeSync, constants, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';

export interface Progress {
  /** Of the file that the mark belongs to. */
  readonly id: string;
  readonly counter: number;
  readonly nowMs: number;
}

/** Longest time that the mark is behind, in milliseconds. */
const renewEveryMs = 1_000;
/** A crash leaves the old text or the new one: so little of a disk is written as a whole. */
const length = 128;

export class Mark {
  readonly #path: string;
  readonly #onFailure: (error: unknown) => void;
  #latest: Progress | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onFailure - Called when the mark cannot be renewed. */
  constructor(file: string, onFailure: (error: unknown) => void) {
    this.#path = `${file}.mark`;
    this.#onFailure = onFailure;
  }

  /** Undefined when there is none, or none that can be read. */
  read(): Progress | undefined {
    try {
      const [, id = '', counter, nowMs] = /^([\w-]+) (\d+) (\d+) *\n/.exec(readFileSync(this.#path, 'utf8')) ?? [];
      return id === '' ? undefined : { id, counter: Number(counter), nowMs: Number(nowMs) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** In place, and on the disk afterwards. Waiting for the disk is for a mark that is new. */
  write({ id, counter, nowMs }: Progress, waits = true): void {
    const mark = openSync(this.#path, constants.O_WRONLY | constants.O_CREAT);
    try {
      writeSync(mark, `${id} ${counter} ${nowMs}`.padEnd(length - 1).concat('\n'), 0);
      if (waits) fdatasyncSync(mark);
    } finally {
      closeSync(mark);
    }
  }

  /** Renews the mark soon. */
  renew(progress: Progress): void {
    this.#latest = progress;
    this.#timer ??= setTimeout(() => this.#renew(), renewEveryMs).unref();
  }

  close(): void {
    if (this.#timer) this.#renew();
  }

  #renew(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      const there = this.read();
      const { id, counter } = this.#latest as Progress;
      // Another process may be further, and another file may be there now.
      if (there?.id === id && there.counter < counter) this.write(this.#latest as Progress, false);
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
