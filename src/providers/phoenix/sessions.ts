// Sessions of one terminal: exchanged once however many wait for one, used for a while, replaced when refused.
import { randomUUID } from 'node:crypto';
import type { Exchange } from '../../http/client.js';
import { HttpFailure } from '../../http/failure.js';
import { openedSession, type SessionKeys, shakeHands } from './handshake.js';
import type { Phoenix } from './options.js';
import { type SessionAnswer, sessionAnswer } from './schema.js';
import { passwordHash, passwordProof, sessionKeyPair } from './session-keys.js';

/** The session of an authenticated call. */
export interface Session extends SessionKeys {
  readonly renewAtMs: number;
}

/** A session is renewed this long before it ends. */
const renewEarlyMs = 60_000;

export class Sessions {
  readonly #phoenix: Phoenix;
  #session: Session | undefined;
  #pending: Promise<Session> | undefined;

  constructor(phoenix: Phoenix) {
    this.#phoenix = phoenix;
  }

  /** The session in use, or a new one. */
  async current(exchange: Exchange): Promise<Session> {
    const session = this.#session;
    return session && this.#phoenix.network.clock.now() < session.renewAtMs ? session : this.#renew(exchange);
  }

  /** Another session after `rejected` was refused: the one that another call got meanwhile, or a new one. */
  async after(exchange: Exchange, rejected: Session): Promise<Session> {
    return this.#session && this.#session !== rejected ? this.#session : this.#renew(exchange);
  }

  // A new session may end the one before it, so one exchange at a time.
  async #renew(exchange: Exchange): Promise<Session> {
    const joined = this.#pending;
    this.#pending ??= this.#obtain(exchange).finally(() => {
      this.#pending = undefined;
    });
    try {
      return await this.#pending;
    } catch (error) {
      if (joined === undefined || concernsAll(error)) throw error;
      return this.#renew(exchange);
    }
  }

  async #obtain(exchange: Exchange): Promise<Session> {
    const phoenix = this.#phoenix;
    const { serialId, privateKey } = phoenix;
    this.#session = undefined;
    const keyPair = sessionKeyPair(phoenix.pointForm);
    const requestReference = randomUUID();
    const hash = passwordHash(phoenix.password, phoenix.passwordForm);
    const password = passwordProof({ passwordHash: hash, requestReference, serialId }, privateKey);
    const fields = { requestReference, password, clientSessionPublicKey: keyPair.publicKey };
    const call = { path: 'doKeyExchange', fields, schema: sessionAnswer };
    const given = await shakeHands(exchange, phoenix, call);
    this.#session = { ...openedSession(phoenix, keyPair, given), renewAtMs: renewalOf(given, phoenix) };
    return this.#session;
  }
}

function renewalOf({ expireTime }: SessionAnswer, { sessionMaxMs, network }: Phoenix): number {
  const nowMs = network.clock.now();
  const latestMs = nowMs + sessionMaxMs;
  const earlyMs = endOf(expireTime) - renewEarlyMs;
  // An end that has passed already, or is no time, is in an unknown format or zone.
  return earlyMs > nowMs ? Math.min(earlyMs, latestMs) : latestMs;
}

/** ISO 8601; without a zone, UTC. Nothing documents the format, so nothing else is tried. */
function endOf(expireTime: unknown): number {
  const [, time, zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:?\d\d)?$/.exec(String(expireTime)) ?? [];
  return time === undefined ? Number.NaN : Date.parse(time.replace(' ', 'T') + zone);
}

// A renewal also ends with the balance it was begun for: at that one's deadline, or because its guard was closed.
function concernsAll(error: unknown): boolean {
  return error instanceof HttpFailure && error.failure.kind !== 'deadline';
}
