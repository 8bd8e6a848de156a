// The way of commands to Redis: through the client of the application. This library opens no connection and imports no
// client.

/** A command and its arguments. */
export type Command = readonly string[];

export interface Transport {
  /** Sends a command to the node that owns the keys of the store. Resolves to its reply, rejects with its error. */
  send(command: Command): Promise<unknown>;
  /**
   * Sends commands to that node in their order, over one connection. Resolves to their replies. Rejects with the error
   * of the first command that failed.
   */
  sendInOrder(commands: readonly Command[]): Promise<unknown[]>;
  /** True if the client has a listener for `error`; undefined if it emits no events. */
  hasErrorListener(): boolean | undefined;
  /** True if the client has a connection that is ready; undefined if that is not known. */
  isConnected(): boolean | undefined;
  /** True if the transport finds the owner of a slot by itself. */
  readonly isForCluster: boolean;
}

/** The keys of a store, as far as a transport cares. */
export interface StoreKeys {
  /** The slot of all of them. */
  readonly slot: number;
  /** A key that never exists. */
  readonly absent: string;
}

/** The part that the clients of both libraries have. */
export interface Emitter {
  listenerCount?(name: string): number;
}

export function hasErrorListener(client: Emitter): boolean | undefined {
  return typeof client.listenerCount === 'function' ? client.listenerCount('error') > 0 : undefined;
}

/** Another node owns the slot for good. The command was not executed. */
export function isMoved(error: unknown): boolean {
  return String((error as Error | undefined)?.message).startsWith('MOVED ');
}

/** Thrown when no connection to the owner of the slot is known or ready. */
export class NoOwnerError extends Error {
  override readonly name = 'NoOwnerError';
}

/** Runs one thing at a time: callers that come while it runs share it. */
export class Shared {
  #running: Promise<unknown> | undefined;
  readonly #work: () => Promise<unknown>;

  constructor(work: () => Promise<unknown>) {
    this.#work = work;
  }

  run(): Promise<unknown> {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }
}
