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
  isConnected(node: Node): boolean | undefined;
  /** Sends commands to one node, over one connection. */
  sendTo(node: Node, commands: readonly Command[]): Promise<unknown[]>;
  /** Sends a command by its key. The client follows the redirection of the server, and keeps the new owner. */
  learn(): Promise<unknown>;
}

export class ClusterTransport<Node> implements Transport {
  readonly isForCluster = true;
  readonly #client: ClusterClient<Node>;
  readonly #learning: Shared;
  /** The node that was asked last. */
  #node: Node | undefined;

  constructor(client: ClusterClient<Node>) {
    this.#client = client;
    // A slot that is moving, or has no owner, is refused here too: the next call tries again.
    this.#learning = new Shared(() => client.learn().catch(() => {}));
  }

  hasErrorListener(): boolean | undefined {
    return hasErrorListener(this.#client.emitter);
  }

  isConnected(): boolean | undefined {
    return this.#node === undefined ? undefined : this.#client.isConnected(this.#node);
  }

  async send(commands: readonly Command[]): Promise<unknown[]> {
    const first = await this.#client.owner();
    this.#node = first;
    if (first !== undefined) {
      try {
        return await this.#client.sendTo(first, commands);
      } catch (error) {
        if (!isMoved(error)) {
          // The node may be down, and another one own the slot by now.
          void this.#learning.run();
          throw error;
        }
      }
    }
    await this.#learning.run();
    const owner = await this.#client.owner();
    if (owner === undefined) throw new NoOwnerError('no connection to the owner of the slot');
    this.#node = owner;
    return this.#client.sendTo(owner, commands);
  }
}
