// Scripts by their digest, which is all that travels when the server has loaded them.
import { createHash } from 'node:crypto';
import type { Command } from './transport/transport.js';

export class Script {
  readonly #source: string;
  readonly #digest: string;

  constructor(source: string) {
    this.#source = source;
    this.#digest = createHash('sha1').update(source).digest('hex');
  }

  /** Fails with an error that {@link isUnknownScript} recognises when the script is not loaded in the server. */
  known(keys: readonly string[], args: readonly string[]): Command {
    return ['EVALSHA', this.#digest, `${keys.length}`, ...keys, ...args];
  }

  /** The script in full, which also loads it in the server. */
  whole(keys: readonly string[], args: readonly string[]): Command {
    return ['EVAL', this.#source, `${keys.length}`, ...keys, ...args];
  }
}

export function isUnknownScript(error: unknown): boolean {
  return String((error as Error | undefined)?.message).startsWith('NOSCRIPT');
}
