// The high-water mark beside the file: how far the file had come. A file that is behind its mark is an older copy.
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';

export interface Progress {
  /** Of the file that the mark belongs to. */
  readonly id: string;
  readonly counter: number;
  readonly nowMs: number;
}

/** Longest time that the mark is behind, in milliseconds. */
const renewEveryMs = 1_000;
/** One sector of a disk or less is written as a whole. */
const length = 128;

export class Mark {
  readonly #path: string;
  readonly #onFailure: (error: unknown) => void;
  #latest: Progress | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /** @param onFailure - Called when the mark cannot be renewed. */
  constructor(file: string, onFailure: (error: unknown) => void) {
    this.#path = `${file}.mark`;
    this.#onFailure = onFailure;
  }

  /** Undefined when there is none, or none that can be read. */
  read(): Progress | undefined {
    try {
      return parsed(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Begins a mark, before the file says that it has one. */
  write(progress: Progress): void {
    const mark = openSync(this.#path, 'w');
    try {
      writeSync(mark, text(progress));
      fdatasyncSync(mark);
    } finally {
      closeSync(mark);
    }
  }

  /** Renews the mark soon, beside everything else. */
  renew(progress: Progress): void {
    this.#latest = progress;
    this.#timer ??= setTimeout(() => this.#renew(), renewEveryMs).unref();
  }

  async close(): Promise<void> {
    if (this.#timer) this.#renew();
    await this.#writing;
  }

  #renew(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#overwrite()).catch(this.#onFailure);
  }

  // In place: each process writes, and a crash leaves the old mark or the new one.
  async #overwrite(): Promise<void> {
    const latest = this.#latest;
    const mark = await open(this.#path, 'r+');
    try {
      const { buffer } = await mark.read(Buffer.alloc(length), 0, length, 0);
      const there = parsed(buffer.toString('utf8'));
      if (!latest || there?.id !== latest.id || there.counter >= latest.counter) return;
      await mark.write(text(latest), 0);
      await mark.datasync();
    } finally {
      await mark.close();
    }
  }
}

function text({ id, counter, nowMs }: Progress): string {
  return `${id} ${counter} ${nowMs}`.padEnd(length - 1).concat('\n');
}

function parsed(line: string): Progress | undefined {
  const [, id, counter, nowMs] = /^([\w-]+) (\d+) (\d+) *\n/.exec(line) ?? [];
  return id === undefined ? undefined : { id, counter: Number(counter), nowMs: Number(nowMs) };
}
