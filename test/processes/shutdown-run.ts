// One shutdown under load: a payment API in its own process stops while its payouts are under way. Returns the facts of
// the bank, the store, the clients and the process afterwards.
import { setTimeout as sleep } from 'node:timers/promises';
import { Bank, type BookedPayout } from '../faults/bank.js';
import { allHolds } from '../faults/checker.js';
import type { Engine } from '../faults/engines.js';
import { EngineProxy } from '../faults/proxy.js';
import { Random } from '../simulation/random.js';
import { type Answer, HalfSentRequest, post } from './api-client.js';
import { Child, type ChildExit, monotonicMs } from './child.js';
import { measureLag } from './lag.js';
import type { ApiReport, ApiSetup, FromApi } from './payment-api.js';
import { Recorder } from './recorder.js';
import type { Plan } from './shutdown-plan.js';

/** A hold in the form that the test compares. A hold of a memory store arrives as JSON. */
export interface KnownHold {
  readonly reference: string;
  readonly attempt: string;
  readonly state: string;
  readonly amountMinor: bigint | string;
  readonly capturedMinor?: bigint | string | undefined;
  readonly failed?: boolean | undefined;
}

export interface Facts {
  readonly plan: Plan;
  readonly report: ApiReport;
  readonly exit: ChildExit;
  /** The time in which the machine kept the process of the test from running after the signal. */
  readonly lagMs: number;
  readonly book: ReadonlyMap<string, BookedPayout>;
  readonly holds: ReadonlyMap<string, KnownHold>;
  /** The answers to clients, by reference. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** A client that connected during the shutdown was accepted. */
  readonly isLetIn: boolean;
  /** The number of requests for a payout that the bank received. */
  readonly sent: number;
  /** The time at which the network to the database was restored; undefined when it never was. */
  readonly healedAtMs: number | undefined;
  /** The bank's objections. */
  readonly problems: readonly string[];
}

/** Wait of a client before it sends a payout again, in milliseconds. */
const retryAfterMs = 50;
/**
 * A slow store refuses a payout (503), and the client sends it again. It is in progress (409) while the release of the
 * first attempt, whose `sent` was not confirmed, has not reached the store.
 */
const isRetryable = (answer: Answer) => answer === 503 || answer === 409;

/** Limit of every wait, in milliseconds. Only a hang takes as long. */
const patienceMs = 90_000;

/** @param engine - The database, unless the store is in memory. */
export async function runShutdown(plan: Plan, engine: Engine | undefined): Promise<Facts> {
  const opened: { close(): Promise<unknown> }[] = [];
  const keep = <T extends { close(): Promise<unknown> }>(resource: T): T => {
    opened.push(resource);
    return resource;
  };
  try {
    const problems: string[] = [];
    const bank = keep(
      await Bank.open({
        openingMinor: 100_000_000n,
        floorMinor: 0n,
        random: new Random(plan.run),
        mayOverspend: false,
        mayPayTwice: false,
        onWebhook: () => {},
        onProblem: (problem) => problems.push(problem),
      }),
    );
    // A gate in front of the bank, so that no payout ends before all are under way, however slow the machine is.
    const gate = keep(await Recorder.open(bank.url));
    const openGate = gate.holdBack('POST');
    const space = `shutdown_${plan.run}`;
    const witness = engine && keep(await engine.prepare(space, 0));
    const proxy = engine && keep(await EngineProxy.open(engine.path));
    const { store, waitMs } = plan;
    const setup: ApiSetup = { store, space, port: proxy?.port ?? 0, bankUrl: gate.url, waitMs };
    const api = new Child<never, FromApi>(new URL('payment-api.ts', import.meta.url), {
      env: { API: JSON.stringify(setup) },
    });
    keep({ close: () => api.kill() });
    const { url } = await api.next('ready');
    const seen = { reserved: 0, unsettled: 0 };
    const closing = api.next('closing');
    // Every wait below has its own limit.
    closing.catch(() => {});
    let isClosing = false;
    api.onMessage = ({ kind }) => {
      if (kind === 'reserved' || kind === 'unsettled') seen[kind] += 1;
    };

    const answers = new Map<string, Answer>();
    const clients = [...plan.payouts, ...plan.reserved].map(async (request) => {
      let answer = await post(url, request);
      while (!isClosing && isRetryable(answer)) {
        await sleep(retryAfterMs);
        answer = await post(url, request);
      }
      answers.set(request.reference, answer);
    });
    const late = await Promise.all(plan.halfSent.map((request) => HalfSentRequest.begin(url, request)));
    const payments = () => gate.requests.filter(({ path }) => path === '/payouts').length;
    await until(
      () => payments() === plan.payouts.length && seen.reserved >= plan.reserved.length,
      () => `only ${payments()} payouts and ${seen.reserved} reservations are under way; ${api.stderr}`,
    );

    const breakNetwork = () => {
      if (plan.network === 'is cut') proxy?.cut();
      else if (plan.network !== 'stays') proxy?.goDown();
    };
    if (plan.breaks === 'before') breakNetwork();
    const lag = measureLag();
    isClosing = true;
    api.signal('SIGTERM');
    await closing;
    if (plan.breaks === 'after') breakNetwork();
    const arriving = Promise.all([
      post(url, { ...plan.payouts[0], reference: 'late-new' }),
      ...late.map(async (request) => void answers.set(request.reference, await request.end())),
    ]);
    // Before these are answered: the time in which payouts may end is running, and on a busy machine they take long.
    openGate();
    const isLetIn = (await arriving)[0] !== 'no connection';

    let healedAtMs: number | undefined = monotonicMs();
    if (plan.network === 'is away to the end') healedAtMs = undefined;
    if (plan.network === 'is away for a moment') {
      await until(
        () => seen.unsettled > 0 || !api.isAlive,
        () => 'every verdict was recorded, with the database away',
      );
      await sleep(plan.awayMs);
      proxy?.heal('lost');
      healedAtMs = monotonicMs();
    }
    const exit = await api.end();
    const lagMs = lag();
    if (!exit) throw new Error(`the process did not end; its output: ${api.stdout}${api.stderr}`);
    await Promise.all(clients);
    const report = readReport(api.stdout, api.stderr);
    const book = new Map([...bank.book].map(([reference, payout]) => [reference, { ...payout }]));
    const holds: ReadonlyMap<string, KnownHold> = witness
      ? await allHolds(witness.store)
      : new Map(report.holds.map((hold) => [hold.reference, hold]));
    return {
      ...{ plan, report, exit, lagMs, book, holds, answers, isLetIn },
      ...{ sent: payments(), healedAtMs, problems },
    };
  } finally {
    for (const resource of opened.reverse()) await resource.close();
  }
}

function readReport(stdout: string, stderr: string): ApiReport {
  try {
    return JSON.parse(stdout) as ApiReport;
  } catch {
    throw new Error(`the process printed no report, but: ${stdout}${stderr}`);
  }
}

async function until(isSo: () => boolean, problem: () => string): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(problem());
    await sleep(10);
  }
}
