// A real terminal, of tmux.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export const hasTmux: boolean = spawnSync('tmux', ['-V']).status === 0;
if (!hasTmux) console.warn('tmux is not on the PATH: the tests of the terminal are SKIPPED');

/** A terminal with a shell, on a server of its own. */
export class Terminal {
  #started = 0;
  readonly #socket = `payout-guard-${randomUUID()}`;

  /** @param shell - The program in it, with its arguments. */
  constructor(folder: string, shell: readonly string[] = ['env', 'PS1=$ ', 'sh']) {
    this.#tmux('new-session', '-d', '-x', '120', '-y', '30', '-c', folder, ...shell);
  }

  /** Types text, without a key at its end. */
  write(text: string): void {
    this.#tmux('send-keys', '-l', text);
  }

  type(line: string): void {
    this.write(line);
    this.press('Enter');
  }

  press(key: string): void {
    this.#tmux('send-keys', key);
  }

  /** Types a command. Its exit code is shown when it ends. */
  run(line: string): void {
    this.#started += 1;
    this.type(`${line}; echo "code $?"`);
  }

  get text(): string {
    return this.#tmux('capture-pane', '-p', '-J', '-S', '-200');
  }

  /** Waits until the terminal shows a text, or until every command has ended without it. */
  async shows(pattern: RegExp): Promise<string> {
    for (let tries = 0; tries < 1_000; tries++) {
      const { text } = this;
      if (pattern.test(text)) return text;
      if (this.#started > 0 && (text.match(/^code \d+$/gm)?.length ?? 0) >= this.#started) break;
      await sleep(50);
    }
    throw new Error(`the terminal never showed ${pattern}:\n${this.text}`);
  }

  [Symbol.dispose](): void {
    this.#tmux('kill-server');
  }

  #tmux(...args: string[]): string {
    return spawnSync('tmux', ['-L', this.#socket, '-f', '/dev/null', ...args], { encoding: 'utf8' }).stdout;
  }
}
