// An application with a console, served over HTTP for tests.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import express from 'express';
import type { PayoutGuard } from 'payout-guard';
import { type ConsoleOptions, type ConsoleUser, payoutConsole } from 'payout-guard/console';
import { type MemoryHistory, memoryHistory, recordHistory } from 'payout-guard/history';
import { type ScriptedWallet, scriptedWallet } from '../support/wallet.js';

export const basePath = '/ops/payouts';

export interface ConsoleApp {
  readonly wallet: ScriptedWallet;
  readonly guard: PayoutGuard;
  readonly history: MemoryHistory;
  /** The address of the console, with its last slash. */
  readonly url: string;
  /** The user that asks; changed by tests. */
  user: ConsoleUser | false;
  /** Cuts every connection, as a proxy that restarts. */
  readonly dropConnections: () => void;
  readonly close: () => Promise<void>;
}

export const ada: ConsoleUser = { name: 'ada', canAct: true };
export const reader: ConsoleUser = { name: 'rita', canAct: false };

export interface ConsoleAppOptions {
  readonly guard?: Parameters<ScriptedWallet['guard']>[0];
  readonly console?: Partial<ConsoleOptions>;
  /** Wraps the handler of the console; `express` mounts it unless this is given. */
  readonly serve?: (console: ReturnType<typeof payoutConsole>) => RequestListener;
  readonly path?: string;
  /** Decides about the guard that the console gets. */
  readonly watch?: (guard: PayoutGuard) => PayoutGuard;
}

/** A guard on the clock of the machine: its console is live. */
async function consoleApp(options: ConsoleAppOptions = {}): Promise<ConsoleApp> {
  const wallet = scriptedWallet('10000.00');
  const made = wallet.guard({ clock: { now: () => Date.now() }, ...options.guard });
  const guard = options.watch?.(made) ?? made;
  const history = memoryHistory();
  recordHistory(guard, history);
  let user: ConsoleUser | false = ada;
  const handler = payoutConsole<IncomingMessage>(guard, { authorize: () => user, history, ...options.console });
  const serve = options.serve ?? ((mounted) => express().use(basePath, mounted));
  const { server, url } = await listen(serve(handler));
  return {
    wallet,
    guard,
    history,
    url: `${url}${options.path ?? `${basePath}/`}`,
    get user() {
      return user;
    },
    set user(next) {
      user = next;
    },
    dropConnections: () => server.closeAllConnections(),
    close: async () => {
      handler.close();
      await guard.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Opens applications, and closes them after the test. */
export function opensConsoles(): (options?: ConsoleAppOptions) => Promise<ConsoleApp> {
  const apps: ConsoleApp[] = [];
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));
  return async (options) => {
    const app = await consoleApp(options);
    apps.push(app);
    return app;
  };
}

export async function listen(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

export interface ActionRequest {
  readonly headers?: Record<string, string | undefined>;
  readonly body?: unknown;
  readonly method?: string;
}

/** Posts an action as the page would; headers that are undefined are left out. */
export async function postAction(
  app: ConsoleApp,
  { headers = {}, body, method = 'POST' }: ActionRequest = {},
): Promise<Response> {
  const session = (await (await fetch(`${app.url}api/session`)).json()) as { token?: string };
  const { origin } = new URL(app.url);
  const all = { 'content-type': 'application/json', 'x-payout-guard-token': session.token, origin, ...headers };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return fetch(`${app.url}api/actions`, {
    method,
    headers: given,
    ...(method === 'POST' && { body: JSON.stringify(body ?? freeze) }),
  });
}

export const freeze = { action: 'freeze', wallet: 'default', reason: 'audit' };

export async function codeOf(response: Response): Promise<[number, string | undefined]> {
  return [response.status, ((await response.json()) as { code?: string }).code];
}

export async function isFrozen({ guard }: ConsoleApp): Promise<boolean> {
  return (await guard.funds()).frozen !== undefined;
}
