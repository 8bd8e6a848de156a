// The owner of a slot, as a cluster client knows it: asked anew when the slot has moved or its node is gone.
import {
  type Command,
  type Emitter,
  hasErrorListener,
  isMoved,
  NoOwnerError,
  Shared,
  type Transport,
} from './transport.js';

/** The differences between the cluster clients. */
export interface ClusterClient<Node> {
  readonly emitter: Emitter;
  /** The client of the node that owns the slot, if it is known and may be asked. */
  owner(): Node | undefined | Promise<Node | undefined>;
  /** The way to one node. */
  transport(node: Node): Transport;
  /** Sends a command by its key. The client follows the redirection of the server, and keeps the new owner. */
  learn(): Promise<unknown>;
}

export class ClusterTransport<Node> implements Transport {
  readonly isForCluster = true;
  readonly #client: ClusterClient<Node>;
  readonly #learning: Shared;
  /** The way to the node that was asked last. */
  #last: Transport | undefined;

  constructor(client: ClusterClient<Node>) {
    this.#client = client;
    // A slot that is moving, or has no owner, is refused here too: the next call tries again.
    this.#learning = new Shared(() => client.learn().catch(() => {}));
  }

  hasErrorListener(): boolean | undefined {
    return hasErrorListener(this.#client.emitter);
  }

  isConnected(): boolean | undefined {
    return this.#last?.isConnected();
  }

  send(command: Command): Promise<unknown> {
    return this.#askOwner((owner) => owner.send(command));
  }

  sendInOrder(commands: readonly Command[]): Promise<unknown[]> {
    return this.#askOwner((owner) => owner.sendInOrder(commands));
  }

  async #askOwner<T>(ask: (owner: Transport) => Promise<T>): Promise<T> {
    const first = await this.#owner();
    if (first) {
      try {
        return await ask(first);
      } catch (error) {
        if (!isMoved(error)) {
          // The node may be down, and another one own the slot by now.
          void this.#learning.run();
          throw error;
        }
      }
    }
    await this.#learning.run();
    const owner = await this.#owner();
    if (!owner) throw new NoOwnerError('no connection to the owner of the slot');
    return ask(owner);
  }

  async #owner(): Promise<Transport | undefined> {
    const node = await this.#client.owner();
    this.#last = node === undefined ? undefined : this.#client.transport(node);
    return this.#last;
  }
}
