// A server whose answers a test of the contract chooses.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ApiAnswer, ApiQuestion } from './target.js';

/** `hang`: the request is received, and no answer is sent. */
export type Reply = ApiAnswer | 'hang';

export class ApiServer {
  readonly questions: ApiQuestion[] = [];
  /** Answers the requests that `before` leaves. */
  reply: (question: ApiQuestion) => Reply = () => ({ status: 404, body: '' });
  readonly #server = createServer((incoming, response) => {
    text(incoming)
      .then((body) => {
        const { method = '', url: path = '', headers } = incoming;
        this.#answer({ method, path, headers, body }, response);
      })
      .catch((error: Error) => response.destroy(error));
  });
  #onQuestion: () => void = () => {};
  readonly #before: (question: ApiQuestion) => ApiAnswer | undefined;

  private constructor(before: (question: ApiQuestion) => ApiAnswer | undefined) {
    this.#before = before;
  }

  static async start(before: (question: ApiQuestion) => ApiAnswer | undefined = () => undefined): Promise<ApiServer> {
    const server = new ApiServer(before);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves at the next question. */
  received(): Promise<void> {
    return new Promise((resolve) => {
      this.#onQuestion = resolve;
    });
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(question: ApiQuestion, response: ServerResponse): void {
    const first = this.#before(question);
    if (!first) {
      this.questions.push(question);
      this.#onQuestion();
    }
    const reply = first ?? this.reply(question);
    if (reply === 'hang') return;
    const { status = 200, body, headers } = reply;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  }
}
