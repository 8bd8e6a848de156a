// The owner of a slot, as a cluster client knows it: asked anew when the slot has moved, or its node is gone or silent.
import { StoreFailure } from '../../../core/store-failure.js';
import {
  type Command,
  type Emitter,
  hasErrorListener,
  isMoved,
  NoOwnerError,
  Shared,
  type Transport,
} from './transport.js';
import { within } from './within.js';

/** The differences between the cluster clients. */
export interface ClusterClient<Node> {
  readonly emitter: Emitter;
  /** The client of the node that owns the slot, if it is known and may be asked. */
  owner(): Node | undefined | Promise<Node | undefined>;
  /** The way to one node. */
  transport(node: Node): Transport;
  /** Sends a command by its key. The client follows the redirection of the owner, and keeps the new one. */
  follow(): Promise<unknown>;
  /** Asks nodes other than the owner, which may be silent. The client keeps the owner that they know. */
  askOthers(): Promise<unknown>;
}

/** Longest wait for what was sent, in deadlines of the store: the callers were refused long before. */
const endsAfterDeadlines = 4;
/** A page may be waited for longer than one deadline. */
const endsAfterAtLeastMs = 2_000;

export class ClusterTransport<Node> implements Transport {
  readonly isForCluster = true;
  readonly #client: ClusterClient<Node>;
  readonly #deadlineMs: number;
  readonly #following: Shared;
  readonly #asking: Shared;
  /** The node that was asked last. */
  #node: Node | undefined;
  /** A node that did not respond in time to what it was sent last. Its connection may be open all the same. */
  #silent: Node | undefined;

  constructor(client: ClusterClient<Node>, deadlineMs: number) {
    this.#client = client;
    this.#deadlineMs = deadlineMs;
    // A slot that is moving, or has no owner, is refused here too, and a node that is asked may be silent as well: the
    // next call tries again.
    const learn = (ask: () => Promise<unknown>) => new Shared(() => this.#inTimeToSend(ask().catch(() => {})));
    this.#following = learn(() => client.follow());
    this.#asking = learn(() => client.askOthers());
  }

  hasErrorListener(): boolean | undefined {
    return hasErrorListener(this.#client.emitter);
  }

  isConnected(): boolean | undefined {
    return this.#node === undefined ? undefined : this.#client.transport(this.#node).isConnected();
  }

  send(command: Command): Promise<unknown> {
    return this.#inTime((owner) => owner.send(command));
  }

  sendInOrder(commands: readonly Command[]): Promise<unknown[]> {
    return this.#inTime((owner) => owner.sendInOrder(commands));
  }

  /** Ends in time. Commands that were given up may have been executed, or may yet be. */
  #inTime<T>(ask: (owner: Transport) => Promise<T>): Promise<T> {
    const endsAfterMs = Math.max(endsAfterDeadlines * this.#deadlineMs, endsAfterAtLeastMs);
    return within(endsAfterMs, this.#askOwner(ask), () => {
      throw new StoreFailure(
        'NO_REPLY',
        'timeout',
        'no answer in time to what was sent',
        'See whether the node stands still; the store asks the other nodes of the cluster for its successor.',
      );
    });
  }

  async #askOwner<T>(ask: (owner: Transport) => Promise<T>): Promise<T> {
    let owner = await this.#owner();
    if (owner !== undefined && owner === this.#silent) {
      await this.#asking.run();
      owner = await this.#owner();
    }
    if (owner === undefined) await this.#asking.run();
    else {
      try {
        return await this.#askNode(owner, ask);
      } catch (error) {
        if (!isMoved(error)) {
          // The node may be down, and another one own the slot by now.
          void this.#asking.run();
          throw error;
        }
        await this.#following.run();
      }
    }
    owner = await this.#owner();
    if (owner === undefined) throw new NoOwnerError('no connection to the owner of the slot');
    return this.#askNode(owner, ask);
  }

  /** Also a client that is still connecting may be silent. */
  #owner(): Promise<Node | undefined> {
    return this.#inTimeToSend(Promise.resolve(this.#client.owner()));
  }

  /** The sender waits for half of a deadline at most: its caller waits for a whole one. */
  #inTimeToSend<T>(work: Promise<T>): Promise<T | undefined> {
    return within<T | undefined>(this.#deadlineMs / 2, work, () => undefined);
  }

  async #askNode<T>(node: Node, ask: (owner: Transport) => Promise<T>): Promise<T> {
    this.#node = node;
    const timer = setTimeout(() => {
      this.#silent = node;
      void this.#asking.run();
    }, this.#deadlineMs).unref();
    try {
      const reply = await ask(this.#client.transport(node));
      if (this.#silent === node) this.#silent = undefined;
      return reply;
    } finally {
      clearTimeout(timer);
    }
  }
}
