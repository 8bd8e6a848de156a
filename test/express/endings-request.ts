// One request of the table of endings, from its arrival to its end.
import type { Request, RequestHandler, Response } from 'express';
import { type Hold, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import { holdOf, type Pay, payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import { deferred } from '../support/wallet.js';
import type { Asked, Framework } from './api.js';
import type { Ending, HandlerEnd, Meanwhile, Payment, ThrownName } from './endings.js';
import { clientError, ownErrors, thrown } from './endings-errors.js';
import { reference, type World } from './endings-world.js';

/** One request, its handler and the interruptions. */
export class RequestUnderTest {
  readonly #world: World;
  readonly #ending: Ending;
  readonly #guard: PayoutGuard;
  readonly #entered = deferred<void>();
  readonly #mayPay = deferred<void>();
  readonly #paying = deferred<void>();
  readonly #mayEndPayment = deferred<void>();
  readonly #paid = deferred<void>();
  readonly #mayAnswer = deferred<void>();
  #answerOfLayer: (status: number) => void = () => {};
  #hasLeft = false;

  constructor(world: World, ending: Ending, guard: PayoutGuard) {
    this.#world = world;
    this.#ending = ending;
    this.#guard = guard;
  }

  app(express: Framework): ReturnType<Framework> {
    const app = express();
    app.use((_req, res, next) => {
      this.#answerOfLayer = (status) => void res.status(status).json({ error: 'timeout' });
      next();
    });
    app.use(express.json());
    app.post('/payouts', ...this.#route());
    app.use(this.#ending.meanwhile === 'errors are answered by the application' ? ownErrors : payoutGuardErrors());
    return app;
  }

  /** Triggers the row's interruption at its moment. */
  async meet(asked: Asked): Promise<void> {
    const { meanwhile } = this.#ending;
    const gates = [this.#mayPay, this.#mayEndPayment, this.#mayAnswer];
    const held = heldBack(meanwhile);
    for (const [index, gate] of gates.entries()) if (index !== held) gate.resolve();
    await this.#interfere(meanwhile, asked);
    for (const gate of gates) gate.resolve();
    this.#world.mayHold.resolve();
  }

  async answerTo(asked: Asked): Promise<string> {
    if (this.#hasLeft) return 'none';
    if (this.#ending.handler === 'never answers') {
      await (this.#ending.payment ? this.#paid.promise : this.#entered.promise);
      await this.#world.settled();
      await asked.leave();
      return 'none';
    }
    try {
      const { status, code } = await asked.answer;
      return code === undefined ? `${status}` : `${status} ${code}`;
    } catch {
      return 'closed';
    }
  }

  async #interfere(meanwhile: Meanwhile | undefined, asked: Asked): Promise<void> {
    const leave = async () => {
      this.#hasLeft = true;
      await asked.leave();
    };
    const answered = async (status: number) => {
      this.#answerOfLayer(status);
      await asked.answer;
    };
    switch (meanwhile) {
      case undefined:
      case 'errors are answered by the application':
      case 'the confirmation that the payment may begin is lost':
      case 'the store is silent when the outcome is known':
      case 'the second wallet is empty':
        return;
      case 'another layer answers 503 before the handler runs':
        await this.#world.holding.promise;
        return answered(503);
      case 'the client leaves before the handler runs':
        await this.#world.holding.promise;
        return leave();
      case 'a timeout layer answers 408 during the payment':
        await this.#paying.promise;
        return answered(408);
      case 'a timeout layer answers 503 during the payment':
        await this.#paying.promise;
        return answered(503);
      case 'the client leaves during the payment':
        await this.#paying.promise;
        return leave();
      case 'the client leaves before the answer':
        await this.#paid.promise;
        return leave();
      case 'the guard closes before the payment':
        await this.#entered.promise;
        return void this.#guard.close();
      case 'the guard closes during the payment':
        await this.#paying.promise;
        return void this.#guard.close();
      case 'the wallet is frozen before the payment':
        await this.#entered.promise;
        return this.#guard.freeze('kes', 'audit');
      case 'the reservation expires before the payment':
        await this.#entered.promise;
        return this.#world.kes.clock.advance(60_000);
      case 'a webhook captures the hold during the payment':
        await this.#paying.promise;
        return void (await this.#guard.capture(reference));
      default:
        return meanwhile satisfies never;
    }
  }

  #route(): RequestHandler[] {
    const { route } = this.#ending;
    const source = {
      wallet: 'kes',
      amount: (req: Request) => req.body.amount,
      reference: (req: Request) => req.get('Idempotency-Key'),
    };
    const verdictOn = (_req: Request, res: Response) =>
      res.statusCode === 201 ? ('completed' as const) : res.statusCode === 404 ? ('failed' as const) : undefined;
    const itself =
      (payOf: (res: Response) => Pay): RequestHandler =>
      (req, res, next) =>
        void this.#handle(req, res, payOf(res)).catch(next);
    // A handler that settles by itself runs its payment and nothing else.
    const byItself = itself((res) => async (fn) => fn(holdOf(res) as Hold));
    switch (route) {
      case 'payoutRoute':
        return [payoutRoute(this.#guard, source, (req, res, pay) => this.#handle(req, res, pay))];
      case 'requireSufficientFunds':
        return [requireSufficientFunds(this.#guard, { ...source, verdictOn }), byItself];
      case "requireSufficientFunds, verdictOn: 'none'":
        return [requireSufficientFunds(this.#guard, { ...source, verdictOn: 'none' }), byItself];
      case 'requireSufficientFunds, holdOf(res).pay':
        return [
          requireSufficientFunds(this.#guard, { ...source, verdictOn }),
          itself((res) => (holdOf(res) as Hold).pay),
        ];
      case 'requireSufficientFunds twice': {
        const other = {
          wallet: 'ugx',
          amount: () => '400',
          reference: (req: Request) => `${req.get('Idempotency-Key')}/2`,
        };
        const guards = [source, other].map((one) => requireSufficientFunds(this.#guard, { ...one, verdictOn }));
        return [...guards, byItself];
      }
      default:
        return route satisfies never;
    }
  }

  async #handle(_req: Request, res: Response, pay: Pay): Promise<void> {
    const { payment, handler } = this.#ending;
    this.#entered.resolve();
    await this.#mayPay.promise;
    if (handler === 'answers 202 before it pays') res.status(202).json({});
    if (payment !== undefined) {
      const paying = pay((hold) => this.#pay(hold, payment));
      if (handler === 'answers 202 without awaiting the payment') return void res.status(202).json({});
      await paying.catch((error) => {
        if (handler === 'passes the error on') throw error;
      });
    }
    this.#paid.resolve();
    await this.#mayAnswer.promise;
    await this.#end(res, handler);
  }

  async #pay(hold: Hold, payment: Payment): Promise<unknown> {
    this.#paying.resolve();
    await this.#mayEndPayment.promise;
    const reached = () => {
      this.#world.made += this.#ending.route === 'requireSufficientFunds twice' ? 2 : 1;
    };
    switch (payment) {
      case 'completed':
      case 'pending':
        reached();
        return { verdict: payment };
      case 'failed':
        return { verdict: payment };
      case 'returns a receipt that nothing judges':
        reached();
        return { id: 7, status: 'completed' };
      case 'returns a Response of status 504':
        reached();
        return new Response('', { status: 504 });
      case 'throws an HTTP client error of status 409':
        reached();
        throw clientError(409);
      case 'throws an HTTP client error of status 408':
        reached();
        throw clientError(408);
      case 'throws an HTTP client error of status 404':
        reached();
        throw clientError(404);
      case 'throws a refused connection':
        throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });
      case 'throws PayoutRejectedError':
        throw new PayoutRejectedError();
      case 'throws PayoutRejectedError, notSent':
        throw new PayoutRejectedError('unknown payee', { notSent: true });
      case 'is made, then a nested payout is refused':
        reached();
        return this.#nested(hold, '1001', () => 'paid');
      case 'is made, then a nested payout is rejected':
        reached();
        return this.#nested(hold, '1', () => Promise.reject(new PayoutRejectedError()));
      default:
        return payment satisfies never;
    }
  }

  #nested(hold: Hold, amount: string, fn: () => unknown): Promise<unknown> {
    return this.#guard.withHold({ wallet: 'ugx', amount, reference: `${hold.reference}/nested` }, fn);
  }

  async #end(res: Response, handler: HandlerEnd): Promise<void> {
    switch (handler) {
      case 'answers 202 before it pays':
      case 'answers 202 without awaiting the payment':
        return;
      case 'passes the error on':
        throw new Error(`nothing was thrown by the payment of ${JSON.stringify(this.#ending)}`);
      case 'answers 204':
        return void res.status(204).end();
      case 'answers 302':
        return res.redirect(302, '/payouts/7');
      case 'streams 201':
        res.status(201).write('half ');
        await new Promise(setImmediate);
        return void res.end('whole');
      case 'breaks off its answer':
        res.status(201).write('half ');
        await new Promise(setImmediate);
        return void res.destroy();
      case 'destroys the response':
        return void res.destroy();
      case 'never answers':
        return new Promise(() => {});
      case 'captures the real debit, answers 201':
        await holdOf(res)?.capture('399.00');
        return void res.status(201).json({});
      case 'captures an amount with three decimals':
        await holdOf(res)?.capture('399.005');
        return void res.status(201).json({});
      case 'releases the hold, answers 422':
        await holdOf(res)?.release();
        return void res.status(422).json({});
      default:
        if (!handler.startsWith('throws ')) return void res.status(Number(handler.slice('answers '.length))).json({});
        throw await thrown(handler.slice('throws '.length) as ThrownName);
    }
  }
}

/** The gate that stays shut until the interruption has happened: before the payment, in it, or before the answer. */
export function heldBack(meanwhile: Meanwhile | undefined): number | undefined {
  if (meanwhile?.endsWith('before the payment')) return 0;
  if (meanwhile?.endsWith('during the payment')) return 1;
  return meanwhile?.endsWith('before the answer') ? 2 : undefined;
}
