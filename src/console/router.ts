// Every request of the console: who asks, and what is answered.
import { isPayoutGuardError, type PayoutGuardError } from '../core/errors.js';
import type { PayoutGuard } from '../core/payout-guard.js';
import { warn } from '../core/warn.js';
import { actionMeanings, NotRecordedError, type OperatorAction, withoutConsequence } from '../operate/index.js';
import { Access, tokenHeader } from './access.js';
import { act } from './actions.js';
import { consoleAssets } from './assets.js';
import { readChart } from './chart.js';
import { type Answer, type ConsoleRequest, type Failure, failure, json, RequestError } from './exchange.js';
import { securityHeaders } from './headers.js';
import { LiveOverviews } from './live.js';
import type { ConsoleUser, ResolvedConsoleOptions } from './options.js';
import { Overviews } from './overview.js';
import { listPayouts, readPayout } from './payouts.js';
import { readAlerts, readDrift, readOperatorActions, readRefusals, readReport } from './records.js';

type Read = (query: URLSearchParams, user: ConsoleUser) => Promise<Answer>;

export class Router {
  readonly #guard: PayoutGuard;
  readonly #options: ResolvedConsoleOptions;
  readonly #access: Access;
  readonly #live: LiveOverviews;
  readonly #reads: ReadonlyMap<string, Read>;

  constructor(guard: PayoutGuard, options: ResolvedConsoleOptions) {
    const overviews = new Overviews(guard, options);
    this.#guard = guard;
    this.#options = options;
    this.#access = new Access(options, guard.internals.clock);
    this.#live = new LiveOverviews(guard, overviews, options.maxStreams);
    this.#reads = new Map<string, Read>([
      ['/api/session', async (_, user) => json(this.#session(user))],
      ['/api/overview', async () => json(await overviews.read())],
      ['/api/stream', async () => this.#stream()],
      ['/api/chart', async (query) => json(await readChart(guard, options, overviews.samples, query))],
      ['/api/payouts', async (query) => json(await listPayouts(guard, query))],
      ['/api/payout', async (query) => json(await readPayout(guard, options.history, query))],
      ['/api/refusals', async (query) => json(await readRefusals(guard, options, query))],
      ['/api/drift', async (query) => json(await readDrift(guard, options, query))],
      ['/api/alerts', async (query) => json(await readAlerts(guard, options, query))],
      ['/api/operators', async (query) => json(await readOperatorActions(guard, options, query))],
      ['/api/report.csv', (query) => readReport(guard, options, query)],
    ]);
  }

  /** Never rejects. */
  async handle(request: ConsoleRequest): Promise<Answer> {
    const answer = await this.#answer(request).catch(answerToError);
    return { ...answer, headers: { ...answer.headers, ...securityHeaders } };
  }

  close(): void {
    this.#live.close();
  }

  async #answer(request: ConsoleRequest): Promise<Answer> {
    const { method, path, fullPath, query } = request;
    const user = await this.#access.userOf(request);
    if (path === '/api/actions') {
      if (method !== 'POST') return notAllowed('POST');
      this.#access.assertMayAct(request, user);
      return json(await act(this.#guard, this.#options, user, await request.json()));
    }
    if (method !== 'GET' && method !== 'HEAD') return notAllowed('GET, HEAD');
    // The addresses of the page are relative to this path.
    if (path === '/' && !fullPath.endsWith('/')) return redirect(`${fullPath.split('/').at(-1)}/`, query);
    if (method === 'HEAD' && path === '/api/stream') return notAllowed('GET');
    const read = this.#reads.get(path);
    if (read) return read(query, user);
    const asset = (await consoleAssets()).answer(request);
    return asset ?? failure({ status: 404, code: 'not_found', message: 'The console has no such page.' });
  }

  #session(user: ConsoleUser): unknown {
    const { history, monitor, actions } = this.#options;
    const offered = user.canAct ? [...actions] : [];
    return {
      name: user.name,
      canAct: user.canAct,
      actions: Object.fromEntries(offered.map((action: OperatorAction) => [action, actionMeanings[action]])),
      ...(user.canAct && { tokenHeader, token: this.#access.tokenOf(user) }),
      hasHistory: history !== undefined,
      hasMonitor: monitor !== undefined,
      wallets: this.#guard.internals.wallets().map(({ key, currency }) => ({
        wallet: key,
        currency: currency.code,
        exponent: currency.exponent,
      })),
    };
  }

  #stream(): Answer {
    const headers = {
      'content-type': 'text/event-stream; charset=utf-8',
      // Layers that compress or buffer would keep events back.
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    };
    return { status: 200, headers, body: this.#live.open() };
  }
}

function redirect(to: string, query: URLSearchParams): Answer {
  const search = query.size > 0 ? `?${query}` : '';
  return { status: 302, headers: { location: `./${to}${search}`, 'cache-control': 'no-store' }, body: '' };
}

function notAllowed(allow: string): Answer {
  const answer = failure({ status: 405, code: 'method_not_allowed', message: `Use ${allow}.` });
  return { ...answer, headers: { ...answer.headers, allow } };
}

/** Errors of the guard are for operators. Those of other code may hold anything. */
function answerToError(error: unknown): Answer {
  if (error instanceof RequestError) return failure(error);
  if (isPayoutGuardError(error)) return failure(statusOf(error));
  warn('PAYOUT_GUARD_CONSOLE', 'A request of the console failed.', error);
  if (error instanceof NotRecordedError) return failure({ status: 503, code: 'not_recorded', message: error.message });
  return failure({ status: 500, code: 'unexpected', message: 'An unexpected error occurred. The log has its cause.' });
}

function statusOf({ status, code, message }: PayoutGuardError): Failure {
  // A query of this page that is not valid is no mistake of the server.
  return { status: code === 'configuration' ? 400 : status, code, message: withoutConsequence(message) };
}
