// One request of the table of endings, from its arrival to its end, whatever the framework.
import { type Hold, type PayoutGuard, PayoutRejectedError } from 'payout-guard';
import type { Pay } from 'payout-guard/web';
import type { Asked } from '../../express/api.js';
import { deferred } from '../../support/wallet.js';
import type { Reply, Script } from './driver.js';
import type { Ending, HandlerEnd, Meanwhile, Payment, ThrownName } from './ending.js';
import { clientError, thrown } from './errors.js';
import { reference, type World } from './world.js';

/** One request, its handler and the interruptions. */
export class RequestUnderTest implements Script {
  readonly ending: Ending;
  readonly guard: PayoutGuard;
  readonly #world: World;
  readonly #entered = deferred<void>();
  readonly #mayPay = deferred<void>();
  readonly #paying = deferred<void>();
  readonly #mayEndPayment = deferred<void>();
  readonly #paid = deferred<void>();
  readonly #mayAnswer = deferred<void>();
  readonly #enteredAgain = deferred<'served'>();
  #answerOfLayer: (status: number) => void = () => {};
  #hasEntered = false;
  #hasLeft = false;
  /** Status and code of the answer to the repeated request; `served` if its handler ran. */
  repeated: string | undefined;

  constructor(world: World, ending: Ending, guard: PayoutGuard) {
    this.#world = world;
    this.ending = ending;
    this.guard = guard;
  }

  layer(answer: (status: number) => void): void {
    this.#answerOfLayer = answer;
  }

  async handle(payOf: Pay | undefined, holdOf: () => Hold | undefined, early: (reply: Reply) => void): Promise<Reply> {
    const { payment, handler } = this.ending;
    // A handler that settles by itself runs its payment and nothing else.
    const pay: Pay = payOf ?? (async (fn) => fn(holdOf() as Hold));
    if (this.#hasEntered) this.#enteredAgain.resolve('served');
    this.#hasEntered = true;
    this.#entered.resolve();
    await this.#mayPay.promise;
    if (handler === 'answers 202 before it pays') early({ kind: 'json', status: 202 });
    if (payment !== undefined) {
      const paying = pay((hold) => this.#pay(hold, payment));
      if (handler === 'answers 202 without awaiting the payment') return { kind: 'json', status: 202 };
      if (handler === 'pays twice, answers 201') pay((hold) => this.#pay(hold, payment)).catch(() => {});
      await paying.catch((error) => {
        if (handler === 'passes the error on') throw error;
      });
    }
    this.#paid.resolve();
    await this.#mayAnswer.promise;
    return this.#end(holdOf, handler);
  }

  /** Triggers the row's interruption at its moment. `repeat` sends the request once more. */
  async meet(asked: Asked, repeat: () => Asked): Promise<void> {
    const { meanwhile } = this.ending;
    const gates = [this.#mayPay, this.#mayEndPayment, this.#mayAnswer];
    const held = heldBack(meanwhile);
    for (const [index, gate] of gates.entries()) if (index !== held) gate.resolve();
    await this.#interfere(meanwhile, asked, repeat);
    for (const gate of gates) gate.resolve();
    this.#world.mayHold.resolve();
  }

  /** @param waits - True if the framework waits for an answer after the handler has ended. */
  async answerTo(asked: Asked, waits: boolean): Promise<string> {
    if (this.#hasLeft) return 'none';
    if (this.ending.handler === 'never answers' || (this.ending.handler === 'returns nothing' && waits)) {
      await (this.ending.payment ? this.#paid.promise : this.#entered.promise);
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

  async #interfere(meanwhile: Meanwhile | undefined, asked: Asked, repeat: () => Asked): Promise<void> {
    const leave = async () => {
      this.#hasLeft = true;
      await asked.leave();
    };
    const answered = async (status: number) => {
      this.#answerOfLayer(status);
      await asked.answer;
    };
    const answeredAgain = async () => {
      const again = repeat().answer.then(({ status, code }) => `${status} ${code}`);
      this.repeated = await Promise.race([again, this.#enteredAgain.promise]);
    };
    switch (meanwhile) {
      case undefined:
      case 'errors are answered by the application':
      case 'the confirmation that the payment may begin is lost':
      case 'the store is silent when the outcome is known':
      case 'the second wallet is empty':
      case 'the wallet is empty':
      case 'the provider is down':
      case 'the request has no amount':
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
        return void this.guard.close();
      case 'the guard closes during the payment':
        await this.#paying.promise;
        return void this.guard.close();
      case 'the wallet is frozen before the payment':
        await this.#entered.promise;
        return this.guard.freeze('kes', 'audit');
      case 'the reservation expires before the payment':
        await this.#entered.promise;
        return this.#world.kes.clock.advance(60_000);
      case 'a webhook captures the hold during the payment':
        await this.#paying.promise;
        return void (await this.guard.capture(reference));
      case 'the request is repeated before the payment':
        await this.#entered.promise;
        return answeredAgain();
      case 'the request is repeated during the payment':
        await this.#paying.promise;
        return answeredAgain();
      default:
        return meanwhile satisfies never;
    }
  }

  async #pay(hold: Hold, payment: Payment): Promise<unknown> {
    this.#paying.resolve();
    await this.#mayEndPayment.promise;
    const reached = () => {
      this.#world.made += this.ending.route === 'requireSufficientFunds twice' ? 2 : 1;
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
    return this.guard.withHold({ wallet: 'ugx', amount, reference: `${hold.reference}/nested` }, fn);
  }

  async #end(holdOf: () => Hold | undefined, handler: HandlerEnd): Promise<Reply> {
    switch (handler) {
      case 'answers 202 before it pays':
        return { kind: 'given' };
      case 'answers 202 without awaiting the payment':
      case 'passes the error on':
        throw new Error(`nothing was thrown by the payment of ${JSON.stringify(this.ending)}`);
      case 'answers 204':
        return { kind: 'empty', status: 204 };
      case 'answers 302':
        return { kind: 'redirect', status: 302, to: '/payouts/7' };
      case 'streams 201':
        return { kind: 'stream', status: 201 };
      case 'breaks off its answer':
        return { kind: 'broken stream', status: 201 };
      case 'destroys the response':
        return { kind: 'destroyed' };
      case 'returns nothing':
        return { kind: 'nothing' };
      case 'passes the request on, and nothing takes it':
        return { kind: 'passed on' };
      case 'never answers':
        return new Promise(() => {});
      case 'pays twice, answers 201':
        return { kind: 'json', status: 201 };
      case 'captures the real debit, answers 201':
        await holdOf()?.capture('399.00');
        return { kind: 'json', status: 201 };
      case 'captures an amount with three decimals':
        await holdOf()?.capture('399.005');
        return { kind: 'json', status: 201 };
      case 'releases the hold, answers 422':
        await holdOf()?.release();
        return { kind: 'json', status: 422 };
      default:
        if (!handler.startsWith('throws ')) return { kind: 'json', status: Number(handler.slice('answers '.length)) };
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
