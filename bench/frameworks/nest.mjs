// The routes of the benches in NestJS, on Express. Decorators are called as functions, so this file runs as it is.
import 'reflect-metadata';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Pay, PayoutGuardModule, PayoutRoute, RequireFunds } from 'payout-guard/nest';
import { checked, held } from './routes.mjs';

class Payouts {
  unguarded(body) {
    return { paid: body.amount };
  }

  guarded(body) {
    return { paid: body.amount };
  }

  async held(body, pay) {
    return { paid: await pay(() => body.amount) };
  }
}

class App {}

export async function serve(guard) {
  const amount = (req) => req.body.amount;
  decorate('unguarded', [Body()], []);
  decorate('guarded', [Body()], [RequireFunds(checked(amount))]);
  decorate('held', [Body(), Pay()], [PayoutRoute(held(amount))]);
  Controller()(Payouts);
  Module({ imports: [PayoutGuardModule.forRoot({ guard })], controllers: [Payouts] })(App);
  const app = await NestFactory.create(App, { logger: ['error', 'warn'] });
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

function decorate(name, parameters, decorators) {
  for (const [index, parameter] of parameters.entries()) parameter(Payouts.prototype, name, index);
  const descriptor = Object.getOwnPropertyDescriptor(Payouts.prototype, name);
  for (const decorator of [...decorators, HttpCode(200), Post(name)]) decorator(Payouts.prototype, name, descriptor);
}
