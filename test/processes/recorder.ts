// A proxy that records all requests to another server, with query and body, and can delay some of them.
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
  /** The method of the delayed requests, and the promise they wait for. */
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

  /** The address to use in place of the server's. */
  get url(): string {
    const { pathname } = new URL(this.#target);
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${pathname.replace(/\/$/, '')}`;
  }

  /** Records and delays the requests of a method. Returns a function that releases them. */
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
