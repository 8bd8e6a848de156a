// An API with one payoutRoute.
import type { ErrorRequestHandler, Request } from 'express';
import type { PayoutGuard } from 'payout-guard';
import { type PayoutHandler, type PayoutRouteOptions, payoutGuardErrors, payoutRoute } from 'payout-guard/express';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { cleanUp, type Framework, type Listening, listen } from './api.js';

export const atTheEnd: ReturnType<typeof cleanUp> = cleanUp();

export interface Setup {
  readonly route?: Partial<PayoutRouteOptions>;
  readonly guard?: Parameters<ScriptedWallet['guard']>[0];
  readonly wallet?: ScriptedWallet;
}

export async function payoutApi(
  express: Framework,
  handler: PayoutHandler,
  setup: Setup = {},
): Promise<Listening & { guard: PayoutGuard }> {
  const guard = (setup.wallet ?? scriptedWallet('1000.00')).guard(setup.guard);
  atTheEnd(() => guard.close({ waitMs: 0 }));
  const app = express();
  app.use(express.json());
  const options = {
    amount: (req: Request) => req.body.amount,
    reference: (req: Request) => req.get('Idempotency-Key'),
    ...setup.route,
  };
  app.post('/payouts', payoutRoute(guard, options, handler));
  app.use(payoutGuardErrors());
  app.use(((error, _req, res, next) => {
    if (res.headersSent) return next(error);
    res.status(error.status ?? 500).json({ message: error.message });
  }) as ErrorRequestHandler);
  return { ...(await listen(app, atTheEnd)), guard };
}
