// The table of endings on Express.
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import { holdOf, type Pay, payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import { type Framework, listen } from '../../express/api.js';
import {
  type Driver,
  hasOwnErrors,
  paysWithHold,
  type Reply,
  type Script,
  secondPayout,
  verdictsOf,
} from './driver.js';

const ownErrors: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error);
  res.status(error.status ?? 500).json({ code: error.code });
};

export const expressDriver = (name: 'Express 4' | 'Express 5', express: Framework): Driver => ({
  name,
  waitsForAnswer: true,
  serve: (script, atTheEnd) => {
    const app = express();
    app.use((_req, res, next) => {
      script.layer((status) => void res.status(status).json({ error: 'timeout' }));
      next();
    });
    app.use(express.json());
    app.post('/payouts', ...routesOf(script));
    app.use(hasOwnErrors(script) ? ownErrors : payoutGuardErrors());
    return listen(app, atTheEnd);
  },
});

function routesOf(script: Script): RequestHandler[] {
  const source = {
    wallet: 'kes',
    amount: (req: Request) => req.body.amount,
    reference: (req: Request) => req.get('Idempotency-Key'),
  };
  const handle = async (res: Response, pay?: Pay, next?: NextFunction) => {
    await give(
      res,
      await script.handle(
        pay,
        () => holdOf(res),
        (reply) => void give(res, reply),
      ),
      next,
    );
  };
  if (script.ending.route === 'payoutRoute') {
    return [payoutRoute(script.guard, source, (_req, res, pay) => handle(res, pay))];
  }
  const verdictOn = verdictsOf(script, (_req: Request, res: Response) => res.statusCode);
  const guards = [requireSufficientFunds(script.guard, { ...source, verdictOn })];
  if (script.ending.route === 'requireSufficientFunds twice') {
    const reference = (req: Request) => `${req.get('Idempotency-Key')}/2`;
    guards.push(requireSufficientFunds(script.guard, { ...secondPayout, reference, verdictOn }));
  }
  const payOf = (res: Response) => (paysWithHold(script) ? holdOf(res)?.pay : undefined);
  return [...guards, (_req, res, next) => void handle(res, payOf(res), next).catch(next)];
}

async function give(res: Response, reply: Reply, next?: NextFunction): Promise<void> {
  switch (reply.kind) {
    case 'json':
      return void res.status(reply.status).json({});
    case 'empty':
      return void res.status(reply.status).end();
    case 'redirect':
      return res.redirect(reply.status, reply.to);
    case 'stream':
    case 'broken stream':
      res.status(reply.status).write('half ');
      await new Promise(setImmediate);
      return void (reply.kind === 'stream' ? res.end('whole') : res.destroy());
    case 'destroyed':
      return void res.destroy();
    case 'passed on':
      return next?.();
    default:
      return;
  }
}
