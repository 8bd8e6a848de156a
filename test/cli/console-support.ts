// The console of the command line, served to requests that the test makes by hand.
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach } from '@jest/globals';
import type { CliContext } from '../../src/cli/usage.js';
import { deferred } from '../support/wallet.js';
import { type Outcome, run } from './support.js';

export interface Response {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Served {
  /** The printed address, with its token. */
  readonly address: URL;
  /** The printed lines; all of them after `stop`. */
  readonly printed: readonly string[];
  /** Sends a request as it is: `fetch` would replace its Host. */
  ask(path: string, options?: Ask): Promise<Response>;
  /** Opens the printed address. Returns the cookie of the session. */
  enter(): Promise<string>;
  /** Interrupts the command, as Ctrl-C does. */
  stop(): Promise<Outcome>;
}

/** What the test started, to be stopped after it. */
export const stops: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(stops.splice(0).map((stop) => stop())));

/** Runs `payout-guard console` in this process until it prints its address. */
export async function serve(
  name: string,
  args: readonly string[] = [],
  more: Partial<CliContext> = {},
): Promise<Served> {
  const interrupt = new AbortController();
  const printed: string[] = [];
  const isPrinted = deferred<string>();
  const print = (line: string) => {
    printed.push(line);
    isPrinted.resolve(line);
  };
  const ended = run(['console', '--guard', name, ...args], { interrupted: interrupt.signal, ...more, print });
  const failed = ended.then(({ code, err }) => Promise.reject(new Error(`it ended with ${code}: ${err}`)));
  failed.catch(() => {});
  const stop = () => {
    interrupt.abort();
    return ended;
  };
  stops.push(stop);
  const address = new URL(await Promise.race([isPrinted.promise, failed]));
  const ask = (path: string, options: Ask = {}) => send(address, path, options);
  const enter = async () => {
    const { headers } = await ask(`/${address.search}`);
    return String(headers['set-cookie']).split(';')[0] as string;
  };
  return { address, printed, ask, enter, stop };
}

export async function send(
  { hostname, port }: URL,
  path: string,
  { method, headers, body }: Ask = {},
): Promise<Response> {
  const sent = request({ hostname, port, path, method, headers });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

const freeze = { action: 'freeze', wallet: 'jpay-kes', reason: 'audit' };

/** Posts an action as the page does, with the token that the page reads. */
export async function act(
  { ask, address }: Served,
  cookie: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const session = JSON.parse((await ask('/api/session', { headers: { cookie } })).body);
  const own = {
    cookie,
    'content-type': 'application/json',
    origin: address.origin,
    'x-payout-guard-token': session.token ?? '',
  };
  return ask('/api/actions', { method: 'POST', headers: { ...own, ...headers }, body: freeze });
}
