// The caller of a request, and the reference of its payout. In your API: your existing authentication.
import type { Request, RequestHandler } from 'express';
import type { ConsoleUser } from 'payout-guard/console';

export interface Tenant {
  readonly id: string;
  /**
   * The wallet that this tenant pays from. It never comes from the request, or a client could choose whose money is
   * spent.
   */
  readonly wallet: string;
}

declare global {
  namespace Express {
    interface Request {
      tenant: Tenant;
    }
  }
}

/** The callers of an API, by their tokens. */
export type Tenants = ReadonlyMap<string, Tenant>;

/** The names of those who may use the console, by their tokens. */
export type Operators = ReadonlyMap<string, string>;

/** Finds the tenant by the bearer token in the header `Authorization`. */
export function tenantOf(tenants: Tenants, authorization: string | null | undefined): Tenant | undefined {
  return tenants.get(tokenIn(authorization));
}

/** Finds the user of the console in the same way. */
export function operatorOf(operators: Operators, authorization: string | null | undefined): ConsoleUser | false {
  const name = operators.get(tokenIn(authorization));
  return name !== undefined && { name, canAct: true };
}

function tokenIn(authorization: string | null | undefined): string {
  return /^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '';
}

/** Authenticates the requests of an Express application. */
export function authenticate(tenants: Tenants): RequestHandler {
  return (req, res, next) => {
    const tenant = tenantOf(tenants, req.get('Authorization'));
    if (!tenant) return void res.status(401).json({ title: 'Unauthorized', status: 401 });
    req.tenant = tenant;
    next();
  };
}

/**
 * The unique id of a payout. It carries the tenant, so that two tenants may use the same key. A missing key stays
 * missing.
 */
export function payoutReference(req: Request): string | undefined {
  const key = req.get('Idempotency-Key');
  return key && `${req.tenant.id}:${key}`;
}
