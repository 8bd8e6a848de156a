// The options of the routes that every framework of the benches serves: `/unguarded`, `/guarded` with a check, and
// `/held` with a payoutRoute. The payment itself takes no time. The benches measure the hold, its two steps and the
// handler around it.
import { once } from 'node:events';
import { createServer } from 'node:http';

let next = 0;

export const checked = (amount) => ({ amount, mode: 'check' });

export const held = (amount) => ({ amount, reference: () => `payout-${next++}`, settles: 'onReturn' });

/** Resolves to the address of a listener of `node:http`. */
export async function listen(listener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}
