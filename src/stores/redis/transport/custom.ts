// Any other client, through a function of the application that sends a command.
import type { Command, Transport } from './transport.js';

export type SendCommand = (args: string[]) => Promise<unknown>;

export class CustomTransport implements Transport {
  readonly isForCluster = false;
  readonly #send: SendCommand;

  constructor(send: SendCommand) {
    this.#send = send;
  }

  send(command: Command): Promise<unknown> {
    return this.#send(command as string[]);
  }

  sendInOrder(commands: readonly Command[]): Promise<unknown[]> {
    return Promise.all(commands.map((command) => this.send(command)));
  }

  hasErrorListener(): undefined {}

  isConnected(): undefined {}
}
