// `payout-guard console`: serves the page for operators to this machine alone, until Ctrl-C.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { securityHeaders } from '../../console/headers.js';
import { type PayoutConsole, payoutConsole } from '../../console/index.js';
import { runAfter, systemClock } from '../../core/clock.js';
import type { Run } from '../call.js';
import { ConsoleAccess, tokenOf } from '../console-access.js';
import { exitCodes } from '../exit-codes.js';
import { operatorOfCall, type Session, text, warnOfMemory, withGuard } from '../session.js';
import { CommandFailure } from '../usage.js';
import { wholeNumber } from '../values.js';

export const serveConsole: Run = (call) => {
  const given = text(call, 'port');
  const port = given === undefined ? anyFree : wholeNumber('port', given, [1, 65_535]);
  return withGuard(call, async (session) => {
    const { print, interrupted = new AbortController().signal } = call.context;
    const pages = pagesOf(session);
    warnOfMemory(session);
    const server = await listen(port);
    const access = new ConsoleAccess((server.address() as AddressInfo).port);
    server.on('request', (request, response) => answer(access, pages, request, response));
    const dropUnused = tracksUnused(server);
    print(access.address);
    if (!interrupted.aborted) await once(interrupted, 'abort');
    pages.close();
    dropUnused();
    await close(server);
    return exitCodes.done;
  });
};

/** The port that lets the system choose one. */
const anyFree = 0;

/** Longest wait for requests under way, in milliseconds. */
const closeMs = 5_000;

function pagesOf(session: Session): PayoutConsole {
  const { guard, history, monitor, store, call } = session;
  const { name } = operatorOfCall(session);
  const canAct = !call.options.readOnly;
  return payoutConsole(guard, {
    // Requests without the session of the printed address do not get here.
    authorize: () => ({ name, canAct }),
    history,
    monitor,
    // A freeze of a store in memory would end with this command, and stop no service.
    ...(store.name === 'memory' && { actions: ['capture', 'release', 'lookUp'] }),
  });
}

function answer(access: ConsoleAccess, pages: PayoutConsole, request: IncomingMessage, response: ServerResponse): void {
  const token = tokenOf(request);
  if (!access.isOwnHost(request)) {
    refuse(response, 'This console is served to 127.0.0.1 and localhost only, on the port that the command printed.');
  } else if (token !== undefined && access.takesToken(token)) {
    toPage(response, { 'set-cookie': access.setCookie });
  } else if (!access.hasSession(request)) {
    refuse(response, 'Open the address that payout-guard console printed. It works once: for another, run it again.');
  } else if (token !== undefined) {
    toPage(response);
  } else {
    pages(request, response);
  }
}

/** Leads to the page without the token in its address. */
function toPage(response: ServerResponse, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(303, { ...securityHeaders, 'cache-control': 'no-store', location: '/', ...headers }).end();
}

function refuse(response: ServerResponse, sentence: string): void {
  const type = 'text/plain; charset=utf-8';
  response.writeHead(403, { ...securityHeaders, 'cache-control': 'no-store', 'content-type': type }).end(sentence);
}

/** @throws `CommandFailure` the port is in use, or may not be taken. */
async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  // A connection that waits for a next request would keep the server open after Ctrl-C.
  server.maxRequestsPerSocket = 1;
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandFailure(
      `--port: 127.0.0.1:${port} cannot be listened on (${code}): name another port, or none for a free one`,
    );
  }
}

/** Browsers connect ahead of their requests. Returns a function that ends those connections. */
function tracksUnused(server: Server): () => void {
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));
  return () => {
    for (const socket of unused) socket.destroy();
  };
}

/** Lets requests under way end. */
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const cancel = runAfter(systemClock, closeMs, () => server.closeAllConnections());
  await closed;
  cancel();
}
