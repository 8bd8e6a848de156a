// Access tokens that end: fetched once however many requests wait for one, and again before they end.
import type { Clock } from '../core/clock.js';
import type { Exchange } from './client.js';
import type { Credentials } from './credentials.js';
import { HttpFailure } from './failure.js';

export interface AccessToken {
  readonly access: string;
  /** Time from which on another one is fetched, in epoch milliseconds. */
  readonly renewAtMs: number;
}

/** A token is renewed this long before it ends. */
const renewEarlyMs = 60_000;

/** The time at which a token that ends then is renewed. */
export function renewAt(endsAtMs: number): number {
  return endsAtMs - renewEarlyMs;
}

/**
 * Credentials from tokens that `obtain` fetches. It receives the token before, which may have ended or been refused,
 * unless the last attempt to replace it has failed.
 */
export function bearerTokens<Token extends AccessToken>(
  clock: Clock,
  obtain: (exchange: Exchange, earlier: Token | undefined) => Promise<Token>,
): Credentials {
  let current: Token | undefined;
  let pending: Promise<Token> | undefined;

  async function headers(exchange: Exchange): Promise<Record<string, string>> {
    const usable = current && clock.now() < current.renewAtMs ? current : await renew(exchange);
    return bearer(usable.access);
  }

  async function renewed(exchange: Exchange, rejected: Record<string, string>): Promise<Record<string, string>> {
    // Another request may have renewed while this one was on its way: then the newer token is tried first.
    const newer = current && `Bearer ${current.access}` !== rejected.authorization ? current : undefined;
    return bearer((newer ?? (await renew(exchange))).access);
  }

  // What renews a token may work only once, so one renewal at a time.
  async function renew(exchange: Exchange): Promise<Token> {
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

  async function replace(exchange: Exchange): Promise<Token> {
    const earlier = current;
    current = undefined;
    current = await obtain(exchange, earlier);
    return current;
  }

  return { headers, renewed };
}

export function bearer(token: string): { authorization: string } {
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new HttpFailure({ kind: 'credentials', detail: 'the access token is not a token' });
  }
  return { authorization: `Bearer ${token}` };
}

// A renewal also ends with the balance it was begun for: at that one's deadline, or because its guard was closed.
function concernsAll(error: unknown): boolean {
  return error instanceof HttpFailure && error.failure.kind !== 'deadline';
}
