// Access to the simulated Phoenix: registration, key exchanges, signatures and tokens.
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import type { Answer } from '../simulator/faults.js';
import type { Protocol, RouteRequest } from '../simulator/server.js';
import { type Fields, phoenixAnswer, readFields, refusal, signedUrls } from './codec.js';
import {
  agreement,
  decryptFrom,
  encryptFor,
  isSigned,
  newSecret,
  newToken,
  type PhoenixPoint,
  readPublicKey,
} from './crypto.js';

/** The rules for its one client. */
export interface AccessRules {
  readonly clock: Clock;
  readonly prefix: string;
  readonly publicUrl?: string | undefined;
  readonly clientId: string;
  /** The secret before registration, or the one in use. */
  readonly clientSecret: string;
  readonly terminalId: string;
  readonly sessions: 'replace' | 'keep';
  readonly sessionLifeMs: number;
  readonly point: PhoenixPoint;
  readonly leadingZeroKeys: boolean;
  readonly timestampToleranceMs?: number | undefined;
  readonly refuseRepeatedNonces: boolean;
  readonly otp?: string | undefined;
  readonly strictRegistration: boolean;
}

/** A client as registration leaves it. */
export interface RegisteredClient {
  readonly publicKey: KeyObject;
  readonly serialId: string;
  /** The text that was registered as its password. */
  readonly storedPassword: string;
}

interface Session {
  readonly terminalKey: Buffer;
  readonly token: string;
  readonly endsAtMs: number;
  /** Until a one-time code arrives, if one is asked for. */
  locked: boolean;
}

interface Begun {
  readonly publicKey: KeyObject;
  readonly serialId: string;
  readonly transactionReference: string;
  readonly session: Session;
}

export interface PhoenixAccess {
  readonly routes: Protocol['routes'];
  /**
   * The identity, then the signature, then the token.
   * @param covered - What the signature covers besides the call, in each spelling that is accepted.
   * @throws a refusal
   */
  authenticate(request: RouteRequest, reference: string | null, covered?: readonly string[]): void;
  /** Lets the sessions end early: by themselves, or because another process has begun one. */
  endSessions(how: 'expire' | 'replace'): void;
  /** The secret that signs now. */
  secret(): string;
}

export function phoenixAccess(rules: AccessRules, registered: RegisteredClient | undefined): PhoenixAccess {
  const { clock, clientId, terminalId } = rules;
  let client = registered;
  let secret = rules.clientSecret;
  let begun: Begun | undefined;
  let sessions: Session[] = [];
  const nonces = new Set<string>();

  function assertSigned(request: RouteRequest, publicKey: KeyObject | undefined, how: Signed): void {
    const {
      authorization = '',
      timestamp = '',
      nonce = '',
      signature = '',
    } = request.headers as Record<string, string>;
    const unauthorized = refusal('90063', how.reference);
    if (authorization !== `InterswitchAuth ${btoa(clientId)}` || !publicKey) throw unauthorized;
    const texts = signedUrls(request, rules).flatMap((url) => {
      const base = [request.method, url, timestamp, nonce, clientId, secret].join('&');
      return how.covered ? how.covered.map((five) => `${base}&${five}`) : [base];
    });
    if (nonce === '' || !texts.some((text) => isSigned(text, signature, publicKey))) throw unauthorized;
    if (!isTimely(timestamp) || nonces.has(nonce)) throw unauthorized;
    if (rules.refuseRepeatedNonces) nonces.add(nonce);
  }

  function isTimely(timestamp: string): boolean {
    if (rules.timestampToleranceMs === undefined) return timestamp !== '';
    const ms = /^\d+$/.test(timestamp) ? Number(timestamp) * 1_000 : Date.parse(timestamp);
    return Math.abs(clock.now() - ms) <= rules.timestampToleranceMs;
  }

  function assertToken(request: RouteRequest, reference: string | null, alive: readonly Session[]): void {
    const sent = String(request.headers.authtoken ?? '');
    const session = alive.find(({ terminalKey, token }) => decryptFrom(terminalKey, sent) === token);
    if (!session || session.locked) throw refusal('90063', reference);
    if (clock.now() >= session.endsAtMs) throw refusal('90054', reference, 'EXPIRED TOKEN');
  }

  /** A session for the client with this point, and its answer. */
  function begin(fields: Fields & { clientSessionPublicKey: string }, publicKey: KeyObject) {
    const agreed = agreement(fields.clientSessionPublicKey, rules);
    if (!agreed) throw refusal('90063', fields.requestReference ?? null, texts.point);
    const endsAtMs = clock.now() + rules.sessionLifeMs;
    const session: Session = { terminalKey: agreed.terminalKey, token: newToken(), endsAtMs, locked: false };
    const sessionAnswer = {
      authToken: encryptFor(publicKey, session.token),
      serverSessionPublicKey: encryptFor(publicKey, agreed.serverPoint),
      expireTime: new Date(endsAtMs).toISOString().slice(0, 19),
    };
    return { session, sessionAnswer };
  }

  /** With a session or a login; a login may ask for a one-time code. */
  function exchange(request: RouteRequest, isLogin: boolean): Answer {
    const names = ['terminalId', 'serialId', 'requestReference', 'password', 'clientSessionPublicKey'] as const;
    const fields = readFields(request, ...names);
    const { requestReference: reference } = fields;
    assertSigned(request, client?.publicKey, { reference });
    if (fields.terminalId !== terminalId) throw refusal('70030', reference);
    const { publicKey, serialId, storedPassword } = client as RegisteredClient;
    if (fields.serialId !== serialId) throw refusal('90063', reference);
    const proven = storedPassword + reference + serialId;
    if (!isSigned(proven, fields.password, publicKey)) throw refusal('90063', reference, texts.password);
    const { session, sessionAnswer } = begin(fields, publicKey);
    session.locked = isLogin && rules.otp !== undefined;
    sessions = rules.sessions === 'replace' ? [session] : [...sessions, session];
    const { locked: requiresOtp } = session;
    if (!isLogin) return approved(reference, { ...sessionAnswer, requiresOtp, terminalKey: null });
    // The answer to a login is another type: strict clients refuse an `expireTime` or a `terminalKey` in it.
    const { authToken, serverSessionPublicKey } = sessionAnswer;
    return approved(reference, { authToken, serverSessionPublicKey, requiresOtp, terminalId, active: true });
  }

  function validateLoginOtp(request: RouteRequest): Answer {
    const fields = readFields(request, 'requestReference', 'otp');
    assertSigned(request, client?.publicKey, { reference: fields.requestReference });
    const session = sessions.find(({ terminalKey }) => decryptFrom(terminalKey, fields.otp) === rules.otp);
    if (!session) throw refusal('90055', fields.requestReference);
    session.locked = false;
    return approved(fields.requestReference, null);
  }

  function register(request: RouteRequest): Answer {
    const names = ['terminalId', 'serialId', 'requestReference', 'publicKey', 'clientSessionPublicKey'] as const;
    const fields = readFields(request, ...names);
    const { serialId, requestReference: reference } = fields;
    const publicKey = readPublicKey(fields.publicKey);
    if (!publicKey) throw refusal('90030', reference);
    assertSigned(request, publicKey, { reference });
    if (fields.terminalId !== terminalId) throw refusal('70030', reference);
    if (client) throw refusal('90063', reference, texts.registered);
    const { session, sessionAnswer } = begin(fields, publicKey);
    const transactionReference = `SIM-REG-${newToken().slice(0, 12)}`;
    begun = { publicKey, serialId, transactionReference, session };
    return approved(reference, { ...sessionAnswer, transactionReference });
  }

  function completeRegistration(request: RouteRequest): Answer {
    const fields = readFields(
      request,
      'terminalId',
      'serialId',
      'requestReference',
      'transactionReference',
      'password',
    );
    const { requestReference: reference } = fields;
    assertSigned(request, begun?.publicKey, { reference });
    const { publicKey, serialId, transactionReference, session } = begun as Begun;
    if (rules.strictRegistration) assertToken(request, reference, [session]);
    if (fields.terminalId !== terminalId) throw refusal('70030', reference);
    if (fields.serialId !== serialId || fields.transactionReference !== transactionReference) {
      throw refusal('90063', reference);
    }
    const storedPassword = decryptFrom(session.terminalKey, fields.password);
    if (!storedPassword) throw refusal('90063', reference, texts.password);
    const otp = fields.otp ? decryptFrom(session.terminalKey, fields.otp) : '';
    if (rules.otp !== undefined && otp !== rules.otp) throw refusal('90055', reference);
    client = { publicKey, serialId, storedPassword };
    secret = newSecret();
    begun = undefined;
    sessions = [session];
    const clientSecret = encryptFor(publicKey, secret);
    return approved(reference, {
      clientSecret,
      authToken: encryptFor(publicKey, session.token),
      terminalId,
      active: true,
    });
  }

  const { prefix } = rules;
  return {
    routes: {
      [`POST ${prefix}/client/clientRegistration`]: register,
      [`POST ${prefix}/client/completeClientRegistration`]: completeRegistration,
      [`POST ${prefix}/client/doKeyExchange`]: (request) => exchange(request, false),
      [`POST ${prefix}/client/login`]: (request) => exchange(request, true),
      [`POST ${prefix}/client/validateLoginOtp`]: validateLoginOtp,
    },
    authenticate: (request, reference, covered) => {
      assertSigned(request, client?.publicKey, { reference, covered });
      assertToken(request, reference, sessions);
    },
    endSessions: (how) => {
      const ended = { endsAtMs: clock.now() };
      sessions = how === 'replace' ? [] : sessions.map((session) => ({ ...session, ...ended }));
    },
    secret: () => secret,
  };
}

interface Signed {
  readonly reference: string | null;
  readonly covered?: readonly string[] | undefined;
}

function approved(reference: string, response: Answer['body'] | null): Answer {
  const { status, body } = phoenixAnswer('90000', reference);
  return { status, body: { ...body, response } };
}

// Messages of the real server.
const texts = {
  registered: 'Client is already Authorised to transact',
  point: 'An error occurred on ECDH key exchange, probably wrong ecdh publicKey format shared',
  password: 'We failed to decrypt your hashed password',
};
