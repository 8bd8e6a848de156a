// A payment API on NestJS: a route that pays, a guard in front of a handler that exists, callbacks of the provider,
// and the console. JPay is simulated. Compile it with `experimentalDecorators`, as every application of Nest.
import 'reflect-metadata';
import { pathToFileURL } from 'node:url';
import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  HttpCode,
  type INestApplication,
  Inject,
  Injectable,
  Module,
  NotFoundException,
  Post,
  Res,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Request, Response } from 'express';
import type { Hold } from 'payout-guard';
import { payoutConsole } from 'payout-guard/console';
import { Pay, PayoutGuardModule, PayoutHold, PayoutRoute, payoutWebhook, RequireFunds } from 'payout-guard/nest';
import { type PaymentService, type PayoutBody, statusOf } from './support/api.js';
import type { MakePayment } from './support/payments.js';
import type { Serving } from './support/service.js';
import { serveSimulated } from './support/simulated-jpay.js';
import { operatorOf, payoutReference, type Tenants, tenantOf } from './support/tenants.js';

const TENANTS = Symbol('tenants');
const MAKE_PAYMENT = Symbol('makePayment');

const source = {
  wallet: (req: Request) => req.tenant.wallet,
  amount: (req: Request) => req.body.amount,
  reference: payoutReference,
  fingerprint: (req: Request) => req.body.to, // the same key for another payee is a conflict
};

@Injectable()
class TenantGuard implements CanActivate {
  readonly #tenants: Tenants;

  constructor(@Inject(TENANTS) tenants: Tenants) {
    this.#tenants = tenants;
  }

  canActivate(context: ExecutionContext): boolean {
    const req = context.switchToHttp().getRequest<Request>();
    const tenant = tenantOf(this.#tenants, req.get('Authorization'));
    if (!tenant) throw new UnauthorizedException();
    req.tenant = tenant;
    return true;
  }
}

@Controller()
@UseGuards(TenantGuard)
class Payouts {
  readonly #makePayment: MakePayment;

  constructor(@Inject(MAKE_PAYMENT) makePayment: MakePayment) {
    this.#makePayment = makePayment;
  }

  @Post('payouts')
  @PayoutRoute(source)
  async create(
    @Body() { to, amount }: PayoutBody,
    @Pay() pay: Pay,
    @PayoutHold() hold: Hold,
    @Res({ passthrough: true }) res: Response,
  ) {
    await pay(({ wallet, reference, signal }) => this.#makePayment({ wallet, to, amount, reference, signal }));
    res.status(statusOf(hold));
    return { to, amount, state: hold.state };
  }

  // A handler that pays by itself, as it was before the guard.
  @Post('v1/payouts')
  @HttpCode(202)
  @RequireFunds({ ...source, verdictOn: 'none' }) // no status proves anything: errors of other code may carry it too
  async existing(@Body() { to, amount }: PayoutBody, @PayoutHold() hold: Hold) {
    if (!to.startsWith('+254')) {
      await hold.release({ notSent: true });
      throw new NotFoundException('Unknown payee');
    }
    const { wallet, reference } = hold;
    await this.#makePayment({ wallet, to, amount, reference, signal: AbortSignal.timeout(20_000) });
    return { to, amount };
  }
}

export async function nestApi(service: PaymentService): Promise<INestApplication> {
  const { guard, tenants, operators, makePayment, callbackSecret } = service;

  @Module({
    imports: [PayoutGuardModule.forRoot({ guard })],
    controllers: [Payouts],
    providers: [
      { provide: TENANTS, useValue: tenants },
      { provide: MAKE_PAYMENT, useValue: makePayment },
    ],
  })
  class App {}

  const app = await NestFactory.create(App, { logger: ['error', 'warn'] });
  app.use('/callbacks', payoutWebhook(guard, { callbackSecret }));
  app.use(
    '/ops/payouts',
    payoutConsole(guard, { authorize: ({ headers }) => operatorOf(operators, headers.authorization) }),
  );
  return app;
}

export async function serveNest(service: PaymentService, port = 0): Promise<Serving> {
  const app = await nestApi(service);
  await app.listen(port, '127.0.0.1');
  return { server: app.getHttpServer(), app, url: await app.getUrl() };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await serveSimulated(serveNest);
