// Runs one row of `endings.ts`: an API in one process, and the retry in another process on the same store.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import {
  BalanceUnavailableError,
  ConfigurationError,
  CurrencyMismatchError,
  createPayoutGuard,
  DuplicateReferenceError,
  ForeignWalletError,
  type Hold,
  HoldConflictError,
  HoldStateError,
  type HoldStore,
  InvalidAmountError,
  InvalidArgumentError,
  InvalidReferenceError,
  memoryStore,
  type PayoutGuard,
  PayoutInProgressError,
  PayoutRejectedError,
  type PayoutVerdict,
  WalletFrozenError,
} from 'payout-guard';
import { holdOf, type Pay, payoutGuardErrors, payoutRoute, requireSufficientFunds } from 'payout-guard/express';
import { whenAnswered } from '../simulation/answers.js';
import { thrownBy } from '../support/errors.js';
import type { StoreOfTest } from '../support/every-store.js';
import { changed, watched } from '../support/stores.js';
import { deferred, type ScriptedWallet, scriptedWallet } from '../support/wallet.js';
import { type Asked, type Framework, listen } from './api.js';
import type { Ending, HandlerEnd, Meanwhile, Payment, ThrownName } from './endings.js';

export interface Outcome {
  readonly hold: string;
  readonly answer: string;
  readonly retry: string;
  readonly made: number;
  /** Payments that reached the provider because of the retry. */
  readonly madeAgain: number;
}

const reference = 'p-1';
const plain: Ending = {
  route: 'payoutRoute',
  payment: 'completed',
  handler: 'answers 201',
  hold: '',
  answer: '',
  retry: '',
  made: 1,
};

const inMemory: StoreOfTest['open'] = (clock) => memoryStore({ clock });

/** Calls `open` once in memory, and otherwise for each of the two processes. */
export async function runEnding(
  express: Framework,
  ending: Ending,
  atTheEnd: (close: () => unknown) => void,
  open: StoreOfTest['open'] = inMemory,
): Promise<Outcome> {
  const world = new World(ending, open);
  const first = world.guard(world.store);
  const second = world.guard(open === inMemory ? world.inner : open(world.kes.clock));
  atTheEnd(() => Promise.all([first.close({ waitMs: 0 }), second.close({ waitMs: 0 })]));

  const request = new RequestUnderTest(world, ending, first);
  const { post } = await listen(request.app(express), atTheEnd);
  const asked = post({ reference });
  await request.meet(asked);
  const answer = await request.answerTo(asked);
  await world.settled();
  const { made } = world;
  const hold = await statesOf(second, ending);

  const retry = new RequestUnderTest(world, { ...plain, route: ending.route }, second);
  const askedAgain = (await listen(retry.app(express), atTheEnd)).post({ reference });
  await retry.meet(askedAgain);
  const again = await askedAgain.answer;
  await world.settled();
  const shown = again.status === 201 ? 'paid' : `${again.status} ${again.code}`;
  return { hold, answer, retry: shown, made, madeAgain: world.made - made };
}

/** Both holds of a route with two. */
async function statesOf(guard: PayoutGuard, { route }: Ending): Promise<string> {
  const references = route === 'requireSufficientFunds twice' ? [reference, `${reference}/2`] : [reference];
  const states = references.map(async (one) => {
    const hold = await guard.getHold(one);
    return hold?.failed ? 'failed' : (hold?.state ?? 'none');
  });
  return (await Promise.all(states)).join(', ');
}

/** Two wallets, their provider and the store shared by all processes. */
class World {
  readonly kes: ScriptedWallet = scriptedWallet('1000.00');
  readonly ugx: ScriptedWallet = scriptedWallet();
  readonly inner: HoldStore;
  readonly store: HoldStore;
  /** Resolves when all work that needs neither time nor input has ended. */
  readonly settled: () => Promise<void>;
  readonly holding = deferred<void>();
  readonly mayHold = deferred<void>();
  /** Payments that reached the provider. */
  made = 0;

  constructor({ meanwhile }: Ending, open: StoreOfTest['open']) {
    this.inner = open(this.kes.clock);
    this.ugx.balance = { available: meanwhile === 'the second wallet is empty' ? '0' : '1000', currency: 'UGX' };
    const isGated =
      meanwhile === 'another layer answers 503 before the handler runs' ||
      meanwhile === 'the client leaves before the handler runs';
    if (!isGated) this.mayHold.resolve();
    const hold: HoldStore['hold'] = async (request) => {
      const outcome = await this.inner.hold(request);
      this.holding.resolve();
      await this.mayHold.promise;
      return outcome;
    };
    const settle: HoldStore['settle'] = (request) => {
      const isLost = meanwhile === 'the store is silent when the outcome is known' && request.to !== 'sent';
      if (isLost) throw new Error('connection terminated');
      return whenAnswered(this.inner.settle(request), (outcome) => {
        const isUnconfirmed =
          meanwhile === 'the confirmation that the payment may begin is lost' && request.to === 'sent';
        if (isUnconfirmed) throw new Error('connection terminated');
        return outcome;
      });
    };
    const { store, idle } = watched(changed(this.inner, { ...(isGated && { hold }), settle }));
    this.store = store;
    this.settled = idle;
  }

  guard(store: HoldStore): PayoutGuard {
    const verdictOfResult = (result: unknown) => (result as { verdict?: PayoutVerdict }).verdict ?? 'unknown';
    return createPayoutGuard({
      wallets: {
        // Each process has an adapter of its own.
        kes: { provider: { ...this.kes.provider }, currency: 'KES', verdictOfResult },
        ugx: { provider: { ...this.ugx.provider }, currency: 'UGX', verdictOfResult },
      },
      store,
      clock: this.kes.clock,
    });
  }
}

/** One request, its handler and the interruptions. */
class RequestUnderTest {
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
function heldBack(meanwhile: Meanwhile | undefined): number | undefined {
  if (meanwhile?.endsWith('before the payment')) return 0;
  if (meanwhile?.endsWith('during the payment')) return 1;
  return meanwhile?.endsWith('before the answer') ? 2 : undefined;
}

/** An error as axios and other HTTP clients create it. */
function clientError(status: number): Error {
  return Object.assign(new Error(`Request failed with status code ${status}`), { status, response: { status } });
}

const ownErrors: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error);
  res.status(error.status ?? 500).json({ code: error.code });
};

/** Errors from code around the payment. */
async function thrown(name: ThrownName): Promise<unknown> {
  switch (name) {
    case 'Error':
      return new Error('broken');
    case 'an error of status 404':
      return Object.assign(new Error('no such payee'), { status: 404 });
    case 'an error of status 409':
      return clientError(409);
    case 'PayoutRejectedError':
      return new PayoutRejectedError();
    case 'InsufficientFundsError':
      return thrownBy(scriptedWallet('0.00').guard().assertSufficientFunds('1.00'));
    case 'BalanceUnavailableError':
      return new BalanceUnavailableError('network');
    case 'InvalidAmountError':
      return new InvalidAmountError('it is negative');
    case 'InvalidReferenceError':
      return new InvalidReferenceError();
    case 'InvalidArgumentError':
      return new InvalidArgumentError('ms', 'must be a number');
    case 'CurrencyMismatchError':
      return new CurrencyMismatchError('KES', 'UGX', 'caller');
    case 'PayoutInProgressError':
      return new PayoutInProgressError('p-0');
    case 'DuplicateReferenceError':
      return new DuplicateReferenceError('p-0', 'captured');
    case 'HoldConflictError':
      return new HoldConflictError('p-0', 'amount');
    case 'HoldStateError':
      return new HoldStateError('p-0', 'captured', 'released');
    case 'ForeignWalletError':
      return new ForeignWalletError('p-0', 'other');
    case 'WalletFrozenError':
      return new WalletFrozenError('other', { reason: 'audit', sinceMs: 0 });
    case 'ConfigurationError':
      return new ConfigurationError(['an option']);
    default:
      return name satisfies never;
  }
}
