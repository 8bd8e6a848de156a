// The clients of the payment API.
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { ApiRequest } from './payment-api.js';

/** The status of the answer. Without an answer, whether the connection was accepted. */
export type Answer = number | 'no answer' | 'no connection';

const options = { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } } as const;

/** Requests a payout on its own connection. */
export async function post(url: string, body: Partial<ApiRequest>): Promise<Answer> {
  const asked = request(`${url}/payouts`, options);
  const answer = answerOf(asked);
  asked.end(JSON.stringify(body));
  return answer;
}

/** A request whose head the API has received, and whose body comes later. */
export class HalfSentRequest {
  readonly reference: string;
  readonly #asked: ClientRequest;
  readonly #answer: Promise<Answer>;
  readonly #body: string;

  static async begin(url: string, body: ApiRequest): Promise<HalfSentRequest> {
    const headers = { ...options.headers, expect: '100-continue' };
    const asked = request(`${url}/payouts`, { ...options, headers });
    const begun = new HalfSentRequest(asked, body);
    // Node.js answers `100 Continue` when it has read the head.
    const continued = once(asked, 'continue');
    asked.flushHeaders();
    await continued;
    return begun;
  }

  private constructor(asked: ClientRequest, body: ApiRequest) {
    this.reference = body.reference;
    this.#asked = asked;
    this.#answer = answerOf(asked);
    this.#body = JSON.stringify(body);
  }

  /** Sends the rest of the request. */
  end(): Promise<Answer> {
    this.#asked.end(this.#body);
    return this.#answer;
  }
}

function answerOf(asked: ClientRequest): Promise<Answer> {
  return new Promise((resolve) => {
    asked.on('response', (response: IncomingMessage) => {
      response.on('error', () => {});
      response.resume();
      resolve(response.statusCode ?? 'no answer');
    });
    asked.on('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'ECONNREFUSED' ? 'no connection' : 'no answer'),
    );
  });
}
