// The table of endings on NestJS, on both platforms. Decorators are called as functions, as TypeScript compiles them.
import 'reflect-metadata';
import type { RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import {
  Catch,
  Controller,
  type ExceptionFilter,
  HttpStatus,
  Module,
  NotFoundException,
  Post,
  Res,
  StreamableFile,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { Hold } from 'payout-guard';
import { Pay, PayoutGuardModule, PayoutHold, PayoutRoute, RequireFunds } from 'payout-guard/nest';
import { listen } from '../../express/api.js';
import {
  type Driver,
  halves,
  hasOwnErrors,
  paysWithHold,
  type Reply,
  type Script,
  secondPayout,
  verdictsOf,
} from './driver.js';

/** The response of either platform. */
interface PlatformResponse {
  status(status: number): this;
  header(name: string, value: string): this;
  send(body: unknown): unknown;
  readonly statusCode: number;
  readonly raw?: ServerResponse;
  /** Of Fastify alone. */
  hijack?(): unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: as users have it.
type AnyRequest = any;

class OwnErrors implements ExceptionFilter {
  catch(error: { status?: number; code?: string }, host: Parameters<ExceptionFilter['catch']>[1]): void {
    const response = host.switchToHttp().getResponse<PlatformResponse>();
    if (rawOf(response).headersSent) return;
    response.status(error.status ?? HttpStatus.INTERNAL_SERVER_ERROR).send({ code: error.code });
  }
}
Catch()(OwnErrors);

const driver = (name: 'Nest on Express' | 'Nest on Fastify', make: () => ExpressAdapter | FastifyAdapter): Driver => ({
  name,
  serve: async (script, atTheEnd) => {
    class App {}
    Module({
      imports: [PayoutGuardModule.forRoot({ guard: script.guard })],
      controllers: [controllerOf(script)],
    })(App);
    const app = await NestFactory.create(App, make(), { logger: false, abortOnError: false });
    app.use((_req: unknown, res: ServerResponse, next: () => void) => {
      script.layer((status) => {
        res.statusCode = status;
        res.end('{"error":"timeout"}');
      });
      next();
    });
    if (hasOwnErrors(script)) app.useGlobalFilters(new OwnErrors());
    await app.init();
    atTheEnd(() => app.close());
    const instance = app.getHttpAdapter().getInstance();
    if (name === 'Nest on Express') return listen(instance, atTheEnd);
    await instance.ready();
    return listen(instance.routing as RequestListener, atTheEnd);
  },
});

export const nestDrivers: readonly Driver[] = [
  driver('Nest on Express', () => new ExpressAdapter()),
  driver('Nest on Fastify', () => new FastifyAdapter()),
];

function controllerOf(script: Script): Type {
  class Payouts {
    async create(res: PlatformResponse, hold: Hold | undefined, pay: Pay | undefined): Promise<unknown> {
      const payOf = pay ?? (paysWithHold(script) ? hold?.pay : undefined);
      const reply = await script.handle(
        payOf,
        () => hold,
        (early) => void res.status((early as { status: number }).status).send('{}'),
      );
      return give(res, reply);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Payouts.prototype, 'create') as PropertyDescriptor;
  const parameters = [Res({ passthrough: true }), PayoutHold()];
  if (script.ending.route === 'payoutRoute') parameters.push(Pay());
  for (const [index, parameter] of parameters.entries()) parameter(Payouts.prototype, 'create', index);
  for (const decorate of [...decoratorsOf(script), Post()]) decorate(Payouts.prototype, 'create', descriptor);
  Controller('payouts')(Payouts);
  return Payouts;
}

function decoratorsOf(script: Script): MethodDecorator[] {
  const source = {
    wallet: 'kes',
    amount: (req: AnyRequest) => req.body.amount,
    reference: (req: AnyRequest) => req.headers['idempotency-key'],
  };
  if (script.ending.route === 'payoutRoute') return [PayoutRoute(source)];
  const verdictOn = verdictsOf(script, (_req: AnyRequest, res: PlatformResponse) => res.statusCode);
  const first = RequireFunds({ ...source, verdictOn });
  if (script.ending.route !== 'requireSufficientFunds twice') return [first];
  const reference = (req: AnyRequest) => `${req.headers['idempotency-key']}/2`;
  // Applied in this order, the interceptor of the first one runs first.
  return [first, RequireFunds({ ...secondPayout, reference, verdictOn })];
}

function rawOf(res: PlatformResponse): ServerResponse {
  return res.raw ?? (res as unknown as ServerResponse);
}

async function give(res: PlatformResponse, reply: Reply): Promise<unknown> {
  switch (reply.kind) {
    case 'json':
      res.status(reply.status);
      return {};
    case 'empty':
      res.status(reply.status);
      return undefined;
    case 'redirect':
      res.status(reply.status).header('location', reply.to);
      return undefined;
    case 'stream':
      res.status(reply.status);
      return new StreamableFile(Readable.from(halves(false)));
    case 'broken stream':
      res.status(reply.status);
      res.hijack?.();
      rawOf(res).write('half ');
      await new Promise(setImmediate);
      return void rawOf(res).destroy();
    case 'passed on':
      throw new NotFoundException();
    case 'destroyed':
      res.status(500);
      return void rawOf(res).destroy();
    default:
      return undefined;
  }
}
