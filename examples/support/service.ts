// Starting and stopping a service with a guard, in the order that loses no outcome. docs/shutting-down.md has the
// reasons.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import type { CloseReport, HoldStore, PayoutGuard } from 'payout-guard';

/** Everything a service has to close. */
export interface Service {
  readonly server?: Server | undefined;
  readonly guard: PayoutGuard;
  /** The store that the guard was given. */
  readonly store?: HoldStore | undefined;
  /** Ends the connections that the store uses. */
  readonly closeClient?: (() => unknown) | undefined;
}

/** Serves an application on this machine; port 0 is any free one. */
export async function listen(app: Express, port = 0): Promise<{ server: Server; url: string }> {
  const server = app.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Stops a service and returns the payouts that it leaves open. Ending the process is the caller's own line. */
export async function shutDown(service: Service, waitMs = 10_000): Promise<CloseReport> {
  const { server, guard, store, closeClient } = service;
  // 1. Accept no new requests. Requests under way continue.
  server?.close();
  // 2. Take no new holds, and wait for payouts under way and their outcomes.
  const report = await guard.close({ waitMs });
  // 3. Only then close the store, which recorded them.
  await store?.close();
  // 4. Close the connections that the store used.
  await closeClient?.();
  server?.closeIdleConnections();
  return report;
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
