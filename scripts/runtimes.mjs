// `npm run runtimes`: installs the packed tarball, and runs each of its stores and adapters in each runtime: Node 20,
// 22, 24 and 26, Bun and Deno, and Node 20 with the lowest versions of its peers. Each piece holds, pays and settles
// payouts against a simulated JPay, over HTTP. Prints the table of docs/runtimes.md, and the output of each failure;
// fails if one did.
//
//   --tarball FILE    a tarball that is packed already
//   --only NAME       the rows whose names contain this
//   --folder FOLDER   is kept, and another run begins with the runtimes and addons in it
//
// Redis and PostgreSQL: those of REDIS_URL and DATABASE_URL, or on their standard local ports.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSqlite, installPackage, installRuntimes, lendSqlite, pack } from './runtimes/install.mjs';
import { run } from './runtimes/run.mjs';
import { pieces, tableOf } from './runtimes/table.mjs';
import { lowest, unsupported } from './runtimes/versions.mjs';

const text = { type: 'string' };
const { values } = parseArgs({ options: { tarball: text, only: { ...text, default: '' }, folder: text } });
const { REDIS_URL = 'redis://127.0.0.1:6379', DATABASE_URL = 'postgres://root@127.0.0.1:5432/postgres' } = process.env;

const folder = values.folder ? resolve(values.folder) : await mkdtemp(join(tmpdir(), 'payout-guard-runtimes-'));
try {
  const cells = await tryAll();
  console.log(tableOf(cells));
  for (const { runtime, piece, failure } of cells.filter((cell) => cell.failure)) {
    console.error(`\n${runtime}, ${piece}: ${failure}`);
    process.exitCode = 1;
  }
} finally {
  if (!values.folder) await rm(folder, { recursive: true, force: true });
}

async function tryAll() {
  const tarball = values.tarball ? resolve(values.tarball) : await timed('packed', () => pack(folder));
  const installed = await timed('installed the runtimes', () =>
    installRuntimes(join(folder, 'runtimes')).catch(unavailable),
  );
  const project = await timed('installed the package', () => installPackage(join(folder, 'project'), tarball));
  const projectOfLowest = await timed('installed it with the lowest versions of its peers', () =>
    installPackage(join(folder, 'lowest'), tarball, lowest),
  );
  const { jpaySimulator } = await import(
    pathToFileURL(join(project, 'node_modules/payout-guard/dist/esm/testing/index.js'))
  );
  const nodes = installed.filter(({ name }) => name.startsWith('Node'));
  await timed('built better-sqlite3', async () => {
    await inTurn(nodes, (runtime) => buildSqlite(project, runtime));
    await buildSqlite(projectOfLowest, nodes[0]);
    for (const other of installed) if (!nodes.includes(other)) await lendSqlite(project, other);
  });
  const rows = [
    ...installed.map((runtime) => ({ ...runtime, project })),
    { ...nodes[0], name: `${nodes[0].name}, lowest peers`, project: projectOfLowest },
  ].filter(({ name }) => name.includes(values.only));
  const cells = rows.flatMap((runtime) => pieces.map((piece) => ({ runtime, piece })));
  return timed('tried', () => inTurn(cells, (cell) => tryCell(cell, jpaySimulator)));
}

/** The runtimes are not in this registry, or not for this platform. Nothing was tried: an exit code of its own. */
async function unavailable(error) {
  console.error(`The runtimes cannot be installed: ${error.message}`);
  await rm(folder, { recursive: true, force: true });
  process.exit(69);
}

/** One piece in one runtime. */
async function tryCell({ runtime, piece }, jpaySimulator) {
  const cell = { runtime: runtime.name, piece };
  const known = unsupported.find((one) => one.piece === piece && one.runtimes.includes(runtime.name));
  const simulator = await jpaySimulator({ payout: '1000.00', settleAfterMs: 50 });
  try {
    const { url: baseUrl, appKey, appSecret } = simulator;
    const env = {
      JPAY: JSON.stringify({ baseUrl, appKey, appSecret, accessToken: simulator.accessToken() }),
      PLACE: `runtimes_${randomBytes(8).toString('hex')}`,
      FOLDER: folder,
      REDIS_URL,
      DATABASE_URL,
    };
    const { stdout } = await run(runtime.program, [...runtime.arguments, 'smoke.mjs', piece], {
      cwd: runtime.project,
      env,
    });
    const paid = simulator.payouts.map(({ amount, status }) => `${amount} ${status}`).join();
    if (stdout.trim() !== 'settled' || paid !== '600.00 completed')
      return { ...cell, failure: `${stdout} paid ${paid}` };
    return known ? { ...cell, failure: 'it runs after all; see scripts/runtimes/versions.mjs' } : cell;
  } catch (error) {
    if (known?.error.test(error.message)) return { ...cell, reason: known.reason };
    return { ...cell, failure: error.message };
  } finally {
    await simulator.close();
  }
}

/** As many at a time as there are processors; the results in their order. */
async function inTurn(items, work) {
  const results = [];
  const queue = items.map((item, index) => async () => {
    results[index] = await work(item);
  });
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await next();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

async function timed(what, work) {
  const beganMs = performance.now();
  const result = await work();
  console.error(`${what} in ${Math.round((performance.now() - beganMs) / 1_000)} s`);
  return result;
}
