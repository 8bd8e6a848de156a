// A bearer token that ends, renewed once for all requests that wait for it.
import type { Clock } from '../core/clock.js';
import type { Exchange } from './client.js';
import type { Credentials } from './credentials.js';
import { HttpFailure } from './failure.js';

export interface Token {
  readonly access: string;
  /** Time from which another one is obtained first, in epoch milliseconds. */
  readonly renewAtMs: number;
}

/**
 * Credentials from tokens that `obtain` requests: the first one when it is needed, another one before it ends or after
 * a 401. `last` is the token before, for a protocol that renews with it; undefined after a renewal that failed.
 */
export function renewableToken<Obtained extends Token>(
  clock: Clock,
  obtain: (exchange: Exchange, last: Obtained | undefined) => Promise<Obtained>,
): Credentials {
  let token: Obtained | undefined;
  let pending: Promise<Obtained> | undefined;

  async function headers(exchange: Exchange): Promise<Record<string, string>> {
    const usable = token && clock.now() < token.renewAtMs ? token : await renew(exchange);
    return bearer(usable.access);
  }

  async function renewed(exchange: Exchange, rejected: Record<string, string>): Promise<Record<string, string>> {
    // Another request may have renewed while this one was on its way: then the newer token is tried first.
    const newer = token && `Bearer ${token.access}` !== rejected.authorization ? token : undefined;
    return bearer((newer ?? (await renew(exchange))).access);
  }

  // A token may be renewed only once, so one renewal at a time.
  async function renew(exchange: Exchange): Promise<Obtained> {
    const joined = pending;
    pending ??= replace(exchange).finally(() => {
      pending = undefined;
    });
    try {
      return await pending;
    } catch (error) {
      if (joined === undefined || concernsAll(error)) throw error;
      return renew(exchange);
    }
  }

  async function replace(exchange: Exchange): Promise<Obtained> {
    const last = token;
    token = undefined;
    token = await obtain(exchange, last);
    return token;
  }

  return { headers, renewed };
}

// A renewal also ends with the question it was begun for: at that one's deadline, or because its guard was closed.
function concernsAll(error: unknown): boolean {
  return error instanceof HttpFailure && error.failure.kind !== 'deadline';
}

/** The header of a bearer token. @throws `HttpFailure` if it cannot be one. */
export function bearer(token: string): { authorization: string } {
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new HttpFailure({ kind: 'credentials', detail: 'the access token is not a token' });
  }
  return { authorization: `Bearer ${token}` };
}
