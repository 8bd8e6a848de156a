// A server in front of another one that records what it is asked, query and body included, and may keep some of it
// waiting.
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

export class Recorder {
  readonly requests: RecordedRequest[] = [];
  readonly #target: string;
  readonly #server: Server;
  /** The method of the requests that wait, until the promise resolves. */
  #heldBack: { readonly method: string; readonly until: Promise<void> } | undefined;

  /** @param target - The address of the server that answers. */
  static async open(target: string): Promise<Recorder> {
    const recorder = new Recorder(target);
    recorder.#server.listen(0, '127.0.0.1');
    await once(recorder.#server, 'listening');
    return recorder;
  }

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((incoming, response) => void this.#pass(incoming, response));
  }

  /** Stands for the address of the server that answers. */
  get url(): string {
    const { pathname } = new URL(this.#target);
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${pathname.replace(/\/$/, '')}`;
  }

  /** Records requests of a method and keeps them waiting. Returns a function that lets them pass. */
  holdBack(method: string): () => void {
    let pass = () => {};
    const until = new Promise<void>((resolve) => {
      pass = resolve;
    });
    this.#heldBack = { method, until };
    return pass;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming;
    const body = await text(incoming);
    const { pathname, searchParams } = new URL(url, this.#target);
    this.requests.push({ method, path: pathname, query: searchParams, body });
    if (method === this.#heldBack?.method) await this.#heldBack.until;
    const asked = request(new URL(url, this.#target), { method, headers, agent: false });
    asked.on('error', () => response.destroy());
    asked.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    asked.end(body);
  }
}
