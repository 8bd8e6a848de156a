// The tokens of the JPay simulator: HS256 JWTs with the claims the provider's documentation shows, and a list of which
// are alive. The list is needed because a token may have no `exp` and may be revoked.
import { createHmac, randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.js';

export type TokenKind = 'access' | 'refresh';
export type Claims = Readonly<Record<string, unknown>>;

const lifetimeSeconds: Record<TokenKind, number> = { access: 15 * 60, refresh: 7 * 24 * 60 * 60 };

/** Issues and checks the tokens of one simulator. */
export class JpayTokens {
  // Tokens are not valid for another simulator, or for this one after a restart.
  readonly #key = randomUUID();
  readonly #claims: Record<TokenKind, Claims>;
  readonly #clock: Clock;
  readonly #withExp: boolean;
  readonly #alive = new Map<string, { kind: TokenKind; expiresAtMs: number }>();
  #issued = 0;

  constructor(options: { claims: Record<TokenKind, Claims>; clock: Clock; withExp: boolean }) {
    this.#claims = options.claims;
    this.#clock = options.clock;
    this.#withExp = options.withExp;
  }

  issue(kind: TokenKind): string {
    this.#issued += 1;
    const jti = String(this.#issued);
    const iat = Math.floor(this.#clock.now() / 1_000);
    const exp = iat + lifetimeSeconds[kind];
    this.#alive.set(jti, { kind, expiresAtMs: exp * 1_000 });
    // Without jti two tokens of the same second would be one token, and a rotated one would not differ from the old.
    return signToken(
      { ...this.#claims[kind], ...(this.#withExp ? { token_type: kind, iat, exp } : {}), jti },
      this.#key,
    );
  }

  isAlive(kind: TokenKind, token: string): boolean {
    const entry = this.#alive.get(String(verifiedClaims(token, this.#key)?.jti));
    return entry !== undefined && entry.kind === kind && this.#clock.now() < entry.expiresAtMs;
  }

  revoke(token: string): void {
    this.#alive.delete(String(verifiedClaims(token, this.#key)?.jti));
  }

  revokeAll(kind: TokenKind): void {
    for (const [jti, entry] of this.#alive) if (entry.kind === kind) this.#alive.delete(jti);
  }
}

const header = base64url({ typ: 'JWT', alg: 'HS256' });

export function signToken(claims: Claims, key: string): string {
  const signed = `${header}.${base64url(claims)}`;
  return `${signed}.${signature(signed, key)}`;
}

/** The claims of a token that was signed with this key by HS256, whatever algorithm its header names. */
export function verifiedClaims(token: string, key: string): Claims | undefined {
  const [head, payload = '', given, ...rest] = token.split('.');
  if (rest.length > 0 || given !== signature(`${head}.${payload}`, key)) return undefined;
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signature(signed: string, key: string): string {
  return createHmac('sha256', key).update(signed).digest('base64url');
}
