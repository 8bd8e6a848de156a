// The payment API of one process: routes that pay, and a client of them.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Hold } from 'payout-guard';
import { holdOf, payoutGuardErrors, payoutRoute } from 'payout-guard/express';
import { monotonicMs } from '../processes/child.js';
import type { Random } from '../simulation/random.js';
import { inMajor } from './bank.js';
import type { BankAnswer } from './bank-client.js';
import type { Guards } from './guards.js';
import type { KnownPayouts, Payout } from './known-payouts.js';
import { wallets } from './messages.js';

/** The parts that a route pays with. */
export interface PayoutApiParts {
  readonly guards: Guards;
  readonly known: KnownPayouts;
  readonly random: Random;
  readonly pay: (payout: Payout, hold: Hold) => Promise<BankAnswer>;
  /** Waits for a handler, also when its client has left. */
  readonly track: (work: Promise<unknown>) => void;
}

/** The API refused a payout. */
export class RouteRefusal extends Error {
  readonly code: string;

  constructor(status: number, code: string) {
    super(`HTTP ${status} ${code}`);
    this.code = code;
  }
}

export class PayoutApi {
  readonly #server: Server;

  static async open(parts: PayoutApiParts): Promise<PayoutApi> {
    const app = express();
    app.use(express.json());
    app.use((_req, res, next) => {
      res.locals.heldFrom = monotonicMs();
      next();
    });
    for (const wallet of wallets) app.post(`/payouts/${wallet}`, routeOf(wallet, parts));
    app.use(payoutGuardErrors());
    app.use(((error, _req, res, _next) => {
      res.status(500).json({ code: `${error}` });
    }) satisfies express.ErrorRequestHandler);
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new PayoutApi(server);
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Posts a payout. @throws {@link RouteRefusal}, or what `fetch` throws when there is no answer. */
  async request({ reference, wallet, amount }: Payout): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/payouts/${wallet}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reference, amount: inMajor(amount) }),
    });
    const { code } = (await response.json()) as { code?: string };
    if (!response.ok) throw new RouteRefusal(response.status, `${code}`);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

function routeOf(wallet: Payout['wallet'], parts: PayoutApiParts): ReturnType<typeof payoutRoute> {
  const { guards, known, random, pay: payAtBank, track } = parts;
  const source = {
    wallet,
    amount: (req: express.Request) => req.body.amount,
    reference: (req: express.Request) => req.body.reference,
  };
  return payoutRoute(guards.of[wallet], source, (req, res, pay) => {
    const { heldFrom } = res.locals as { heldFrom: number };
    const heldAt = monotonicMs();
    const handle = async () => {
      const answer = await pay((hold) => {
        const { reference } = hold;
        const payout = { reference, wallet, amount: BigInt(hold.amount.replace('.', '')) };
        known.permitted(payout, { heldFrom, heldAt, askedAt: heldAt, answeredAt: monotonicMs() });
        // Some clients leave while their payout is made.
        if (random.chance(0.1)) req.socket.destroy();
        return payAtBank(payout, hold);
      });
      res.status(answer.status === 'paid' ? 201 : 422).json({ state: holdOf(res)?.state, code: answer.status });
    };
    const handled = handle();
    track(handled.catch(() => {}));
    return handled;
  });
}
