// How commands reach Redis: through the client of the application. This library opens no connection and imports no
// client.
import { createHash } from 'node:crypto';

/** A client of Redis or Valkey: one of ioredis (`call`) or of node-redis (`sendCommand`), connected or about to be. */
export type RedisClient =
  | { call(command: string, args: string[]): Promise<unknown> }
  | { sendCommand(args: string[]): Promise<unknown> };

export type SendCommand = (args: string[]) => Promise<unknown>;

/** Whether something has the methods of a client, whatever it is called. */
export function isRedisClient(value: unknown): value is RedisClient {
  const client = value as Partial<Record<'call' | 'sendCommand', unknown>> | null | undefined;
  return typeof client?.call === 'function' || typeof client?.sendCommand === 'function';
}

export function sendThrough(client: RedisClient): SendCommand {
  // ioredis has a `sendCommand` as well, which means something else.
  if ('call' in client) return ([command = '', ...args]) => client.call(command, args);
  return (args) => client.sendCommand(args);
}

/** A script by its digest, which is all that travels when the server knows it. */
export class Script {
  readonly #source: string;
  readonly #digest: string;

  constructor(source: string) {
    this.#source = source;
    this.#digest = createHash('sha1').update(source).digest('hex');
  }

  /** Rejects with an error that {@link isUnknownScript} recognises when the server does not know it. */
  runKnown(send: SendCommand, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return send(['EVALSHA', this.#digest, `${keys.length}`, ...keys, ...args]);
  }

  /** Runs it in full; the server knows it from then on. */
  runWhole(send: SendCommand, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return send(['EVAL', this.#source, `${keys.length}`, ...keys, ...args]);
  }

  /** For a script that does the same whether the server knew it or not. */
  async run(send: SendCommand, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await this.runKnown(send, keys, args);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.runWhole(send, keys, args);
    }
  }
}

export function isUnknownScript(error: unknown): boolean {
  return String((error as Error | undefined)?.message).startsWith('NOSCRIPT');
}
