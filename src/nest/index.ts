// NestJS, on Express and on Fastify: reads the request, asks the guard, answers. No money logic. Decorators are called
// as functions, so no compiler option is needed here.
import { createParamDecorator, type DynamicModule, type ExecutionContext, type ModuleMetadata } from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { ConfigurationError } from '../core/errors.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import type { Pay as PayFunction } from '../web/payout-handler.js';
import type { ProblemOptions } from '../web/problem.js';
import { lastHoldOf } from '../web/request-holds.js';
import { PayoutGuardFilter } from './filter.js';
import { requestOf } from './http.js';
import { PAYOUT_GUARD, payKey } from './tokens.js';

export { webhookListener as payoutWebhook } from '../web/webhook-routes.js';
export { PayoutRoute, type PayoutRouteOptions, RequireFunds, type RequireFundsOptions } from './routes.js';
export { PAYOUT_GUARD, PayoutGuardFilter };

/** The guard of an application, and the figures that answers may show. */
export interface PayoutGuardModuleOptions extends ProblemOptions {
  readonly guard: PayoutGuard;
}

/** The same, made by a factory with dependencies of its own. */
export interface PayoutGuardModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  // biome-ignore lint/suspicious/noExplicitAny: Nest's own types of tokens and arguments.
  readonly inject?: any[];
  // biome-ignore lint/suspicious/noExplicitAny: see above.
  readonly useFactory: (...dependencies: any[]) => PayoutGuardModuleOptions | Promise<PayoutGuardModuleOptions>;
}

const OPTIONS = Symbol('payout-guard.options');

/** Gives every module the guard, and answers its errors everywhere. */
// biome-ignore lint/complexity/noStaticOnlyClass: it is how modules of Nest are made.
export class PayoutGuardModule {
  static forRoot(options: PayoutGuardModuleOptions): DynamicModule {
    return PayoutGuardModule.forRootAsync({ useFactory: () => options });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: PayoutGuardModuleAsyncOptions): DynamicModule {
    const filterOf = ({ guard: _, ...options }: PayoutGuardModuleOptions, host: HttpAdapterHost) =>
      new PayoutGuardFilter(host, options);
    return {
      module: PayoutGuardModule,
      global: true,
      imports,
      providers: [
        { provide: OPTIONS, inject, useFactory },
        { provide: PAYOUT_GUARD, inject: [OPTIONS], useFactory: ({ guard }: PayoutGuardModuleOptions) => guard },
        { provide: APP_FILTER, inject: [OPTIONS, HttpAdapterHost], useFactory: filterOf },
      ],
      exports: [PAYOUT_GUARD],
    };
  }
}

/** A parameter: the hold that was taken last for this request. */
export const PayoutHold: () => ParameterDecorator = createParamDecorator((_: unknown, context: ExecutionContext) =>
  lastHoldOf(requestOf(context)),
);

/** The value of a parameter with `@Pay()`. */
export type Pay = PayFunction;

/** A parameter of a handler with `@PayoutRoute`: makes the payment. Without one, it throws `ConfigurationError`. */
export const Pay: () => ParameterDecorator = createParamDecorator(
  (_: unknown, context: ExecutionContext): PayFunction => {
    const pay = requestOf(context)[payKey];
    if (!pay) throw new ConfigurationError([`@Pay(): ${context.getHandler().name}() needs @PayoutRoute()`]);
    return pay;
  },
);
