// The options of a console: read once, at creation. One error names all problems.
import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import type { PayoutGuard } from '../core/payout-guard.js';
import { Problems } from '../core/problems.js';
import { functionSchema, objectSchema } from '../core/schemas.js';
import type { History } from '../history/index.js';
import type { Monitor } from '../monitor/index.js';
import { actionMeanings, type OperatorAction } from '../operate/index.js';

/** A person who may see the console. */
export interface ConsoleUser {
  /** The name that is recorded with each action, as your application authenticated it; 1 to 100 characters. */
  readonly name: string;
  /** False: may see everything and change nothing. */
  readonly canAct: boolean;
}

/** Options of a console. Unknown keys are refused. */
export interface ConsoleOptions<Req = IncomingMessage> {
  /**
   * Decides about every request, assets and streams included. Receives the request of the framework: of Express, of
   * `node:http`, or a `Request` when it comes through `fetch`. Anything but a user, a promise that rejects included, is
   * answered with 403.
   */
  authorize: (request: Req) => ConsoleUser | false | Promise<ConsoleUser | false>;
  /**
   * Shows its thresholds, its alerts and the runway of its wallets.
   * @defaultValue none
   */
  monitor?: Monitor | undefined;
  /**
   * The history that `recordHistory` writes. Shows lives of payouts, refusals and reports, and receives an entry of
   * kind `operator` before each action.
   * @defaultValue none: those pages explain how to give one, and actions are not recorded
   */
  history?: History | undefined;
  /**
   * The actions that are offered.
   * @defaultValue all
   */
  actions?: readonly OperatorAction[] | undefined;
  /**
   * Secret of the tokens that actions carry, the same in all processes behind one address; at least 32 characters.
   * @defaultValue a random one: enough for one process
   */
  secret?: string | undefined;
  /**
   * Path at which the console is served, for handlers that see it: `/ops/payouts`. Express and proxies that strip it
   * need none.
   * @defaultValue none
   */
  basePath?: string | undefined;
  /**
   * Origins that actions may come from besides the host of the request, such as `https://ops.example`: for proxies that
   * change the host, and browsers without `Sec-Fetch-Site`.
   * @defaultValue none
   */
  origins?: readonly string[] | undefined;
  /**
   * Most live streams at once in this process; 1 to 10,000. Further ones are answered with 503, and their pages ask
   * every few seconds instead.
   * @defaultValue 100
   */
  maxStreams?: number | undefined;
}

/** {@link ConsoleOptions} with every default filled in. */
export interface ResolvedConsoleOptions {
  readonly authorize: (request: never) => unknown;
  readonly monitor: Monitor | undefined;
  readonly history: History | undefined;
  readonly actions: ReadonlySet<OperatorAction>;
  readonly secret: string | undefined;
  readonly basePath: string;
  readonly origins: readonly string[];
  readonly maxStreams: number;
}

export const everyAction = Object.keys(actionMeanings) as OperatorAction[];

const optionsSchema = z.strictObject({
  authorize: functionSchema<(request: never) => unknown>(),
  monitor: objectSchema<Monitor>(['check', 'close'], 'what createMonitor returns').optional(),
  history: objectSchema<History>(['add', 'query', 'close'], 'a History').optional(),
  actions: z.array(z.enum(everyAction)).readonly().optional(),
  secret: z.string().min(32, 'must be at least 32 characters').optional(),
  basePath: z
    .string()
    .regex(/^\/[^?#]*[^/?#]$/, 'must begin with / and not end with it')
    .optional(),
  origins: z
    .array(z.string().regex(/^https?:\/\/[^/?#]+$/, 'must be like https://ops.example'))
    .readonly()
    .optional(),
  maxStreams: z.int().min(1).max(10_000).optional(),
});

/** @throws `ConfigurationError` naming every problem. */
export function resolveConsoleOptions(guard: PayoutGuard, options: unknown): ResolvedConsoleOptions {
  const problems = new Problems();
  if (typeof guard?.internals?.wallet !== 'function') problems.add('guard: must be what createPayoutGuard() returns');
  const given = problems.read(optionsSchema, options ?? {});
  if (!given || problems.any) throw problems.error();
  return {
    authorize: given.authorize,
    monitor: given.monitor,
    history: given.history,
    actions: new Set(given.actions ?? everyAction),
    secret: given.secret,
    basePath: given.basePath ?? '',
    origins: given.origins ?? [],
    maxStreams: given.maxStreams ?? 100,
  };
}
