// A request and its answer, whatever the framework.

/** A request, as both handlers read it. */
export interface ConsoleRequest {
  readonly method: string;
  /** Below the place where the console is mounted; `/` for its page. */
  readonly path: string;
  /** The path that the client asked for, as far as this process sees it. */
  readonly fullPath: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | undefined;
  /** The body as JSON. @throws {@link RequestError} it is too large or not JSON. */
  readonly json: () => Promise<unknown>;
  /** The request of the framework, for `authorize`. */
  readonly original: unknown;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Stream;
}

/** Sends text as long as it lives. Returns a function that ends it, which is called once when the client has left. */
export type Stream = (sink: Sink) => () => void;

export interface Sink {
  /** Returns false when the client reads too slowly: end the stream. */
  readonly write: (text: string) => boolean;
  readonly end: () => void;
}

/** Most characters that wait for a slow client. */
export const mostPending = 1_000_000;

/** Longest body of a request, in bytes. */
export const longestBody = 16_384;

/** A request that is refused, with the sentence that the client gets. */
export class RequestError extends Error {
  readonly status: number;
  readonly code: string;
  /** Further fields of the answer. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export function json(body: unknown, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    body: JSON.stringify(body),
  };
}

export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export function failure({ status, code, message, details }: Failure): Answer {
  return json({ code, message, ...details }, status);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, 'invalid_body', 'The body of the request is not JSON.');
  }
}

export function tooLarge(): RequestError {
  return new RequestError(413, 'too_large', `The body of the request is longer than ${longestBody} bytes.`);
}
