// Two processes of a payment API behind one port, and one wallet. They share their holds in a SQLite file, then in
// Redis and in PostgreSQL: each at REDIS_URL and DATABASE_URL, or on its standard local port (`docker compose up
// --wait` starts both).
//
// Prints each step, and fails if a result is wrong.
import cluster, { type Worker } from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jpaySimulator } from 'payout-guard/testing';
import { type SharedStore, sharedStores } from './support/stores.js';

const payouts = 50;
const amount = '1500.00';
const balance = '12000.00';
const covered = 8;

cluster.setupPrimary({ exec: fileURLToPath(new URL('two-processes-api.ts', import.meta.url)) });

let wrong = 0;
for (const [engine, shared] of Object.entries(sharedStores)) {
  try {
    await shared.ready();
  } catch (error) {
    console.log(`\n${shared.title} is skipped: none at ${shared.place} (${(error as Error).message}).`);
    continue;
  }
  await play(engine, shared);
}
console.log(wrong === 0 ? '\nEverything happened as it must.' : `\n${wrong} lines are wrong.`);
process.exitCode = wrong === 0 ? 0 : 1;

async function play(engine: string, shared: SharedStore): Promise<void> {
  // JPay debits the wallet when a payout completes. Until then only the holds account for it.
  const simulator = await jpaySimulator({ payout: balance, debitAt: 'completion' });
  const name = `two_processes_${randomBytes(8).toString('hex')}`;
  const environment = {
    STORE: engine,
    STORE_NAME: name,
    // Any free port, and the same one for both.
    PORT: '0',
    JPAY_BASE_URL: simulator.url,
    JPAY_APP_KEY: simulator.appKey,
    JPAY_APP_SECRET: simulator.appSecret,
    JPAY_ACCESS_TOKEN: simulator.accessToken(),
  };
  const processes = new Map<string, Worker>();
  try {
    console.log(
      `\n${shared.title}: ${payouts} payouts of ${amount} at once from ${balance} KES, which covers ${covered}`,
    );
    for (const each of ['A', 'B']) processes.set(each, cluster.fork({ ...environment, PROCESS: each }));
    const [port = 0] = await Promise.all([...processes.values()].map(portOf));

    const references = Array.from({ length: payouts }, (_, index) => `payout-${index}`);
    const answers = await Promise.all(references.map((reference) => post(port, '/payouts', { reference })));
    for (const each of processes.keys()) {
      const own = answers.filter(({ by }) => by === each);
      console.log(`  process ${each}   approved ${count(own, 202)}   refused ${count(own, 422)}`);
    }
    const approved = count(answers, 202);
    expect(
      `approved together ${approved}, ${times(approved, amount)} of ${balance} KES; refused ${count(answers, 422)}`,
      'approved together 8, 12000.00 of 12000.00 KES; refused 42',
    );
    expect(`sent to JPay: ${simulator.payouts.length}`, 'sent to JPay: 8');

    // Kills a process that approved a payout, as in a crash: it cannot write anything before it ends.
    const dying = answers.find(({ status }) => status === 202) ?? { by: 'A', reference: '' };
    const [left] = [...processes.keys()].filter((each) => each !== dying.by);
    await killed(processes.get(dying.by));
    processes.delete(dying.by);
    console.log(`  process ${dying.by} is killed`);

    const repeated = await post(port, '/payouts', { reference: dying.reference });
    expect(
      `process ${repeated.by} is asked for a payout that was approved by process ${dying.by}: ${repeated.body.code}`,
      `process ${left} is asked for a payout that was approved by process ${dying.by}: payout_in_progress`,
    );
    for (const { refNo } of simulator.payouts) simulator.advance(refNo, 'completed');
    const { by, body } = await post(port, '/reconcile', {});
    expect(
      `process ${by} asks JPay about the payouts of both: captured ${body.captured}, open ${body.open}`,
      `process ${left} asks JPay about the payouts of both: captured 8, open 0`,
    );
    const { payout: rest } = simulator.balances();
    expect(
      `the wallet has ${rest} KES: overspent by ${rest.startsWith('-') ? rest.slice(1) : '0.00'}`,
      'the wallet has 0.00 KES: overspent by 0.00',
    );

    // Before it refuses, a guard asks the provider once more, at most once a second.
    await sleep(1_000);
    simulator.credit('payout', amount);
    for (const [reference, expected] of [
      ['late-1', 'approved'],
      ['late-2', 'insufficient_funds'],
    ] as const) {
      const { body } = await post(port, '/payouts', { reference });
      expect(
        `after a top-up of ${amount}, ${reference}: ${body.code ?? 'approved'}`,
        `after a top-up of ${amount}, ${reference}: ${expected}`,
      );
    }
  } finally {
    await Promise.all([...processes.values()].map(ended));
    await shared.remove(name);
    await simulator.close();
  }
}

interface Answer {
  readonly reference: string;
  readonly status: number;
  /** The process that answered. */
  readonly by: string;
  readonly body: Readonly<Record<string, unknown>>;
}

async function post(port: number, path: string, { reference = '' }: { reference?: string }): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    // A new connection for each request, because the cluster distributes connections.
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer tenant-token',
      'idempotency-key': reference,
      connection: 'close',
    },
    body: JSON.stringify({ to: '+254712345678', amount }),
  });
  const body = (await response.json()) as Record<string, unknown>;
  return { reference, status: response.status, by: response.headers.get('x-process') ?? '?', body };
}

function count(answers: readonly Answer[], status: number): number {
  return answers.filter((answer) => answer.status === status).length;
}

/** Multiplies an amount with two decimals, without floats. */
function times(factor: number, text: string): string {
  return `${BigInt(factor) * BigInt(text.replace('.', ''))}`.replace(/..$/, '.$&');
}

function expect(happened: string, expected: string): void {
  const isRight = happened === expected;
  if (!isRight) wrong += 1;
  console.log(isRight ? `  ${happened}` : `  ${happened}   WRONG: ${expected}`);
}

/** The port that the process listens on. */
async function portOf(worker: Worker): Promise<number> {
  const ended = once(worker, 'exit').then(([code]) => {
    throw new Error(`an API process ended with ${code} before it listened`);
  });
  const [{ port }] = await Promise.race([once(worker, 'listening'), ended]);
  return port;
}

async function killed(worker: Worker | undefined): Promise<void> {
  if (!worker) return;
  const exit = once(worker, 'exit');
  worker.process.kill('SIGKILL');
  await exit;
}

async function ended(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const exit = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await exit;
}
