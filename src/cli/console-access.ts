// Access to the console of the command line: one person, by the printed address, on this machine.
import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isSameText } from '../core/same-text.js';

/** An address that works once, and the session that it opens. */
export class ConsoleAccess {
  /** Holds the token. Print it once, and nowhere else. */
  readonly address: string;
  /** The value of the header that opens the session in a browser. */
  readonly setCookie: string;
  readonly #hosts: ReadonlySet<string>;
  readonly #cookieName: string;
  readonly #session: string;
  #token: string | undefined = randomBytes(32).toString('base64url');

  constructor(port: number) {
    const token = String(this.#token);
    this.address = `http://127.0.0.1:${port}/?token=${token}`;
    // The cookie does not have the token: programs on other ports of this machine receive cookies of this one.
    this.#session = createHmac('sha256', token).update('payout-guard console: session').digest('base64url');
    this.#cookieName = `payout-guard-${port}`;
    this.setCookie = `${this.#cookieName}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`;
    // As browsers send them: without the port if it is 80.
    this.#hosts = new Set(['127.0.0.1', 'localhost'].map((name) => new URL(`http://${name}:${port}`).host));
  }

  /** False for a page of another site whose name was made to lead to this machine (DNS rebinding). */
  isOwnHost({ headers }: IncomingMessage): boolean {
    return this.#hosts.has(headers.host ?? '');
  }

  hasSession({ headers }: IncomingMessage): boolean {
    const given = (headers.cookie ?? '').split(/; */).map((pair) => pair.split(/=(.*)/s, 2));
    return given.some(([name, value]) => name === this.#cookieName && isSameText(value, this.#session));
  }

  /** True once, for the right token: an address in the history of a browser or a terminal opens nothing later. */
  takesToken(token: string): boolean {
    if (!isSameText(token, this.#token ?? '')) return false;
    this.#token = undefined;
    return true;
  }
}

/** The token of a request for the printed address; undefined for any other request. */
export function tokenOf({ method, url = '/' }: IncomingMessage): string | undefined {
  const [path, query = ''] = url.split(/\?(.*)/s, 2);
  if (method !== 'GET' || path !== '/') return undefined;
  return new URLSearchParams(query).get('token') ?? undefined;
}
