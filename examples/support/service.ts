// Starting and stopping a service with a guard, in the order that loses no outcome. docs/shutting-down.md has the
// reasons.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CloseReport, HoldStore, PayoutGuard } from 'payout-guard';

/** An application that is being served. */
export interface Serving {
  readonly server: Server;
  /** The application of a framework that closes the server by itself, and plugins and modules with it. */
  readonly app?: { close(): Promise<unknown> } | undefined;
  readonly url: string;
}

/** Everything a service has to close. */
export interface Service {
  readonly server?: Server | undefined;
  readonly app?: Serving['app'];
  readonly guard: PayoutGuard;
  /** The store that the guard was given. */
  readonly store?: HoldStore | undefined;
  /** Ends the connections that the store uses. */
  readonly closeClient?: (() => unknown) | undefined;
}

/** Serves an application on this machine; port 0 is any free one. */
export async function listen(app: RequestListener, port = 0): Promise<Serving> {
  const server = createServer(app).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Stops a service and returns the payouts that it leaves open. Ending the process is the caller's own line. */
export async function shutDown(service: Service, waitMs = 10_000): Promise<CloseReport> {
  const { server, app, guard, store, closeClient } = service;
  // 1. Accept no new requests. Requests under way continue. An application waits for them, so it is not awaited yet.
  const closed = Promise.allSettled([app ? app.close() : server?.close()]);
  // 2. Take no new holds, and wait for payouts under way and their outcomes.
  const report = await guard.close({ waitMs });
  // 3. Only then close the store, which recorded them.
  await store?.close();
  // 4. Close the connections that the store used.
  await closeClient?.();
  // 5. Let the last answers go out.
  server?.closeIdleConnections();
  await Promise.race([closed, sleep(1_000, undefined, { ref: false })]);
  return report;
}

/** Stops the service, and then the process, when the process is asked to stop. */
export function stopOnSignal(service: Service): void {
  onStopSignal(async () => {
    const { open } = await shutDown(service);
    process.exit(open.length === 0 ? 0 : 1); // your own line: a payment that hangs would keep the process alive
  });
}

/** Runs the function once, when the process is asked to stop. */
export function onStopSignal(stop: () => Promise<unknown>): void {
  const run = () => {
    process.off('SIGINT', run);
    process.off('SIGTERM', run);
    void stop();
  };
  process.on('SIGINT', run);
  process.on('SIGTERM', run);
}
