// An API with one requireSufficientFunds route.
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { PayoutGuard } from 'payout-guard';
import { type HoldingRouteOptions, payoutGuardErrors, requireSufficientFunds } from 'payout-guard/express';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { cleanUp, type Framework, type Listening, listen } from './api.js';

export const atTheEnd: ReturnType<typeof cleanUp> = cleanUp();

export interface Setup {
  readonly verdictOn?: HoldingRouteOptions['verdictOn'];
  readonly route?: Partial<HoldingRouteOptions>;
  readonly guard?: Parameters<ScriptedWallet['guard']>[0];
  readonly wallet?: ScriptedWallet;
  readonly before?: RequestHandler;
  readonly errors?: ErrorRequestHandler;
}

export const byStatus: HoldingRouteOptions['verdictOn'] = (_req, res) => {
  if (res.statusCode === 201) return 'completed';
  return res.statusCode === 410 ? 'failed' : undefined;
};

export async function guardedApi(
  express: Framework,
  handler: RequestHandler,
  setup: Setup = {},
): Promise<Listening & { guard: PayoutGuard }> {
  const guard = (setup.wallet ?? scriptedWallet('1000.00')).guard(setup.guard);
  atTheEnd(() => guard.close({ waitMs: 0 }));
  const app = express();
  if (setup.before) app.use(setup.before);
  app.use(express.json());
  const options: HoldingRouteOptions = {
    amount: (req) => req.body.amount,
    reference: (req) => req.get('Idempotency-Key'),
    verdictOn: setup.verdictOn ?? byStatus,
    ...setup.route,
  };
  app.post('/payouts', requireSufficientFunds(guard, options), handler);
  app.use(setup.errors ?? payoutGuardErrors());
  return { ...(await listen(app, atTheEnd)), guard };
}
