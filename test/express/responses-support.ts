// Routes for the tests of responses.
import type { Express, Request, Response } from 'express';
import type { HoldStore, PayoutGuard } from 'payout-guard';
import { payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import { scriptedWallet } from '../support/wallet.js';
import { cleanUp, type Framework, settled } from './api.js';

export const atTheEnd: ReturnType<typeof cleanUp> = cleanUp();
export const routes = ['payoutRoute', 'requireSufficientFunds'] as const;

export type Route = (typeof routes)[number];

/** The handler's action after its payment. A status of 410 means no payment. */
export type Answer = (req: Request, res: Response, status: number) => unknown;

/** A route whose handler pays, unless its status is 410, and then answers with that status. */
export function payouts(
  express: Framework,
  route: Route,
  answer: Answer,
  store?: HoldStore,
): { app: Express; guard: PayoutGuard } {
  const guard = scriptedWallet('1000.00').guard({ settles: 'onReturn', ...(store && { store }) });
  atTheEnd(() => guard.close({ waitMs: 0 }));
  const app = express();
  const statusOf = (req: Request) => Number(req.query.status);
  const source = { amount: () => '100.00', reference: (req: Request) => req.query.reference };
  if (route === 'payoutRoute') {
    const handler = payoutRoute(guard, source, async (req, res, pay) => {
      const status = statusOf(req);
      if (status !== 410) await pay(() => 'paid');
      await answer(req, res, status);
    });
    app.post('/', handler);
  } else {
    const hold = requireSufficientFunds(guard, {
      ...source,
      verdictOn: (_req, res) => (res.statusCode === 410 ? 'failed' : res.statusCode === 201 ? 'completed' : undefined),
    });
    app.post('/', hold, (req, res, next) => {
      Promise.resolve(answer(req, res, statusOf(req))).catch(next);
    });
  }
  app.use(payoutGuardErrors());
  return { app, guard };
}

/** The states of these holds as one line. */
export async function states(guard: PayoutGuard, ...references: string[]): Promise<string> {
  await settled();
  const holds = await Promise.all(references.map((reference) => guard.getHold(reference)));
  return holds.map((hold, index) => `${references[index]} ${hold?.state}`).join(', ');
}
