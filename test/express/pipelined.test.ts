// Pipelined requests.
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { type HoldStore, memoryStore } from 'payout-guard';
import { heldLate } from '../support/stores.js';
import { deferred, scriptedWallet } from '../support/wallet.js';
import { collectWarnings } from '../support/warnings.js';
import { frameworks, listen, settled } from './api.js';
import { atTheEnd, payouts, routes, states } from './responses-support.js';

collectWarnings();

const both = frameworks.flatMap(([name, express]) => routes.map((route) => [route, name, express] as const));
const path = (reference: string, status: number) => `/?reference=${reference}&status=${status}`;

describe.each(both)('%s on %s: pipelined requests', (route, _name, express) => {
  const head = (reference: string, status: number) =>
    `POST ${path(reference, status)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`;

  /** Sends all requests at once. The first is answered last, so the others queue behind it. */
  async function pipeline(after: Record<string, Promise<void>>, store?: HoldStore) {
    const entered = deferred<void>();
    let ran = 0;
    const { app, guard } = payouts(
      express,
      route,
      async (req, res, status) => {
        ran += 1;
        if (req.query.reference === 'last') entered.resolve();
        await after[String(req.query.reference)];
        res.status(status).end();
      },
      store,
    );
    const { port, closed } = await listen(app, atTheEnd);
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (part) => {
      received += String(part);
    });
    socket.on('error', () => {});
    return {
      guard,
      socket,
      closed,
      entered,
      ran: () => ran,
      statuses: () => [...received.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status)),
      send: (...heads: string[]) => socket.write(heads.join('')),
    };
  }

  it('are each settled by their own answer while the client stays', async () => {
    const first = deferred<void>();
    const { guard, socket, entered, send, statuses } = await pipeline({ first: first.promise });
    send(head('first', 201), head('second', 410), head('last', 201));
    await entered.promise;
    await settled();
    expect(await states(guard, 'second', 'last')).toBe('second released, last captured');
    expect(statuses()).toEqual([]);
    first.resolve();
    while (statuses().length < 3) await once(socket, 'data');
    expect(statuses()).toEqual([201, 410, 201]);
    expect(await states(guard, 'first', 'second', 'last')).toBe('first captured, second released, last captured');
    socket.destroy();
  });

  it('are each settled by their own answer although the client has left', async () => {
    const gone = deferred<void>();
    const never = new Promise<void>(() => {});
    const { guard, socket, entered, send, closed } = await pipeline({
      first: never,
      made: gone.promise,
      refused: gone.promise,
    });
    send(head('first', 201), head('early', 201), head('made', 201), head('refused', 410), head('last', 410));
    await entered.promise;
    socket.destroy();
    await closed();
    gone.resolve();
    expect(await states(guard, 'early', 'made', 'refused', 'last')).toBe(
      'early captured, made captured, refused released, last released',
    );
  });

  it('R2. are released, and their handlers do not run, when the client left during the hold requests', async () => {
    const memory = memoryStore({ clock: scriptedWallet().clock });
    const { store, held, goOn } = heldLate(memory, ({ reference }) => reference === 'last');
    const { guard, socket, send, ran, closed } = await pipeline({}, store);
    send(head('first', 201), head('last', 201));
    await held.promise;
    socket.destroy();
    await closed();
    goOn.resolve();
    expect([await states(guard, 'first', 'last'), ran()]).toEqual(['first released, last released', 0]);
  });
});
