// A bar of progress, in a terminal only.
import type { Screen } from '../usage.js';

const clearLine = '\r\u001b[K';

export class ProgressBar {
  readonly #screen: Screen | undefined;

  constructor(screen: Screen | undefined) {
    this.#screen = screen;
  }

  /** @param note - Beside the bar; shortened to the width of the terminal. */
  show(done: number, total: number, note: string): void {
    if (!this.#screen || total === 0) return;
    const width = 20;
    const filled = Math.floor((done * width) / total);
    const line = `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done} of ${total}  ${note}`;
    this.#screen.write(clearLine + line.slice(0, Math.max(this.#screen.columns - 1, 20)));
  }

  clear(): void {
    this.#screen?.write(clearLine);
  }
}
