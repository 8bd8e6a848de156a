// The caller of a request, and the reference of its payout. In your API: your existing authentication.
import type { Request, RequestHandler } from 'express';

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

/** Finds the tenant by the bearer token of the request. */
export function authenticate(tenantByToken: ReadonlyMap<string, Tenant>): RequestHandler {
  return (req, res, next) => {
    const token = /^Bearer (\S+)$/.exec(req.get('Authorization') ?? '')?.[1];
    const tenant = token === undefined ? undefined : tenantByToken.get(token);
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
