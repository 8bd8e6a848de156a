// Routes: interceptors, because what middlewares throw does not reach the filters of a controller.
import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { lastValueFrom, type Observable, of, tap } from 'rxjs';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { FundsOptions } from '../web/funds-guard.js';
import { nodeFundsGuard } from '../web/node-response.js';
import { payoutLife } from '../web/payout-life.js';
import type { RoutePayout } from '../web/route-options.js';
import { exchangeOf, requestOf, responseOf, type Source } from './http.js';
import { PAYOUT_GUARD, payKey } from './tokens.js';

/** The metadata of `@HttpCode`. */
const httpCode = '__httpCode__';
const reflector = new Reflector();

type Intercept = (context: ExecutionContext, next: CallHandler) => Promise<Observable<unknown>>;

export interface PayoutRouteOptions extends RoutePayout<Source> {}
export type RequireFundsOptions = FundsOptions<Source>;

/**
 * A handler that pays with `@Pay() pay`: the money is held before its pipes and the handler run. One that ends without
 * `pay`, a pipe that refuses included, has sent nothing, and the hold is released.
 *
 * The application does not start when options are wrong: `ConfigurationError`.
 */
export function PayoutRoute(options: PayoutRouteOptions): MethodDecorator {
  return intercepted((guard) => {
    const serve = payoutLife<Source>(guard, options, () => {});
    return async (context, next) => {
      const exchange = exchangeOf(context);
      const raw = responseOf(context);
      let hasEnded = false;
      const statusOf = (returned: unknown) =>
        hasEnded || returned !== undefined || raw.headersSent ? raw.statusCode : undefined;
      const served = await serve({ ...exchange, statusOf }, async (pay) => {
        requestOf(context)[payKey] = pay;
        const returned = await lastValueFrom(next.handle(), { defaultValue: undefined });
        hasEnded = true;
        return returned;
      });
      return of(served?.returned);
    };
  });
}

/**
 * In front of a handler that pays by itself: lets a request through only if the wallet covers its amount. With a
 * `reference` it holds the money as `sent`, and `verdictOn` judges the answer. Pipes run after it: when one refuses,
 * the hold stays sent.
 *
 * The application does not start when options are wrong: `ConfigurationError`.
 */
export function RequireFunds(options: RequireFundsOptions): MethodDecorator {
  return intercepted((guard) => {
    const admit = nodeFundsGuard<Source>(guard, options);
    return async (context, next) => {
      const raw = responseOf(context);
      // Nest has set it already, unless the handler writes the answer by itself.
      const { statusCode } = raw;
      let isSilent = false;
      const isOfHandler = () => !isSilent || raw.statusCode !== statusCode;
      if (!(await admit(exchangeOf(context), raw, isOfHandler))) return of(undefined);
      const hasOwnStatus = reflector.get(httpCode, context.getHandler()) !== undefined;
      return next.handle().pipe(
        tap((returned) => {
          isSilent = returned === undefined && !hasOwnStatus && !raw.headersSent;
        }),
      );
    };
  });
}

function intercepted(make: (guard: PayoutGuard) => Intercept): MethodDecorator {
  class PayoutInterceptor implements NestInterceptor {
    readonly intercept: Intercept;

    constructor(guard: PayoutGuard) {
      this.intercept = make(guard);
    }
  }
  Injectable()(PayoutInterceptor);
  Inject(PAYOUT_GUARD)(PayoutInterceptor, undefined, 0);
  return UseInterceptors(PayoutInterceptor as Type<NestInterceptor>);
}
