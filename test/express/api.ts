// Express applications on real sockets, and clients that may disconnect.
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  request,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import express5 from 'express';
import express4 from 'express4';
import type { PayoutGuard } from 'payout-guard';
import { deferred } from '../support/wallet.js';

export type Framework = typeof express5;

/** For `describe.each`: every test of a route runs on both. */
export const frameworks: [name: 'Express 4' | 'Express 5', express: Framework][] = [
  ['Express 5', express5],
  ['Express 4', express4],
];

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The `code` of the JSON answer. */
  readonly code: string | undefined;
}

export interface Asked {
  /** Rejects when the connection ends before the answer is complete. */
  readonly answer: Promise<Answer>;
  /** Closes the connection. Resolves when the server has received the close. */
  leave(): Promise<void>;
}

export interface Listening {
  readonly server: Server;
  readonly port: number;
  /** Posts a payout over its own connection. */
  post(options?: PostOptions): Asked;
  /** Resolves when the server has received the close of the last connection. */
  closed(): Promise<void>;
}

export interface PostOptions {
  readonly reference?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Returns a function that registers cleanup to run after each test of the file. */
export function cleanUp(): (close: () => unknown) => void {
  const open: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });
  return (close) => void open.push(close);
}

export async function listen(listener: RequestListener, atTheEnd: (close: () => unknown) => void): Promise<Listening> {
  const server = createServer();
  let closed: Promise<void> = Promise.resolve();
  server.on('connection', (socket) => {
    const end = deferred<void>();
    socket.once('close', () => end.resolve());
    closed = end.promise;
  });
  server.on('request', listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atTheEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { server, port, closed: () => closed, post: (options) => post(port, options ?? {}, () => closed) };
}

function post(
  port: number,
  { reference, body = { amount: '400.00' }, headers }: PostOptions,
  closed: () => Promise<void>,
): Asked {
  const client = request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: '/payouts',
    agent: false,
    headers: {
      'content-type': 'application/json',
      ...(reference !== undefined && { 'idempotency-key': reference }),
      ...headers,
    },
  });
  const answer = answerTo(client);
  // A test whose client disconnects does not await the answer.
  answer.catch(() => {});
  client.end(JSON.stringify(body));
  return {
    answer,
    leave: async () => {
      client.destroy();
      await closed();
    },
  };
}

function answerTo(client: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.on('response', (response) => {
      const { statusCode: status = 0, headers } = response;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status, headers, text, code: codeIn(text) }));
    });
  });
}

function codeIn(text: string): string | undefined {
  try {
    return JSON.parse(text).code;
  } catch {
    return undefined;
  }
}

/** Waits until all work that needs neither time nor input has run. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}

/** State of a hold, use of its reference, and the spendable amount of the wallet. */
export async function outcome(guard: PayoutGuard, reference = 'p-1'): Promise<string> {
  await settled();
  const hold = await guard.getHold(reference);
  return `${hold?.state}${hold?.failed ? ' failed' : ''}, spendable ${(await guard.funds()).spendable}`;
}
