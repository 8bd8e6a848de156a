// npm run bench:stores: the cost of a hold in the shared stores, against other ways to hold money in the same
// databases.
//
// Each contender makes one hold at a time on one busy wallet, which is the worst case because nothing can be spread.
// The promises of one hold: it is granted exactly if the wallet's total allows it, with concurrent holds counted. A
// reference that was held before is refused. Afterwards there is a row with wallet, amount, state, times and metadata,
// and an index of the open holds.
//
//   payout-guard          the store as it is exported. It does more than the promises above: epochs that detect data
//                         loss, expiry, late attempts, forgotten references and amounts of any size.
//   a batch by hand       the same promises and nothing else, many holds in one call: the limit of the engine
//   one call by hand      the same promises, one script call or statement per hold: the usual handwritten solution
//   a transaction         BEGIN IMMEDIATE, check, insert, update, COMMIT, in SQLite: per hold, or for all holds
//     by hand             requested in one turn of the event loop
//   a lock                redlock, or SELECT ... FOR UPDATE, around check and hold: the most common solution
//   the rest              fewer promises, as the name states, for comparison
//
// Then: the overhead of our code on one bare round trip (one-caller.mjs), and the cost of a hold when there are many
// open holds or many wallets (growth.mjs).
//
// For fairness, all contenders take turns in every round on the same machine, on the same server, with the same
// connection settings. Each has the settings that suit it best (automatic pipelines for one call per hold, the retry
// delay of the lock, the pool size). Before the measurements, each must prove that it keeps its promises
// (promises.mjs). Figures are medians of the rounds, and a ratio is the median of the ratios within each round. CPU
// times of server and client per hold are the figures least affected by a noisy machine.
//
// Redis is our own server without persistence, except for one line. PostgreSQL is the server of DATABASE_URL or the
// local one, with its own settings and our own database. SQLite is a file in the temporary directory.
//
// Options: --quick (a smoke run whose figures mean little), --engine redis|postgres|sqlite,
//          --part wallet|caller|open|wallets, --callers 1,64,512,4x64, --only ours,handBatch (these contenders).
// Results go to bench/results/stores.json.
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startChildren } from './children.mjs';
import { openHolds, wallets } from './growth.mjs';
import { oneCaller } from './one-caller.mjs';
import { oneWallet } from './one-wallet.mjs';
import { postgresEngine } from './postgres/engine.mjs';
import { print } from './print.mjs';
import { assertPromises } from './promises.mjs';
import { redisEngine } from './redis/engine.mjs';
import { sqliteEngine } from './sqlite/engine.mjs';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    engine: { type: 'string', default: 'redis,postgres,sqlite' },
    part: { type: 'string', default: 'wallet,caller,open,wallets' },
    callers: { type: 'string', default: '1,64,512,4x64' },
    only: { type: 'string' },
  },
});
const engines = { redis: redisEngine, postgres: postgresEngine, sqlite: sqliteEngine };
const parts = {
  wallet: (engine) => oneWallet(engine, { loads: options.callers.split(',').map(readLoad), ...size(7, engine.forMs) }),
  caller: (engine) => oneCaller(engine, size(15, 200)),
  open: (engine) =>
    openHolds(engine, { ...size(9, 200), open: options.quick ? [100, 10_000] : [100, 10_000, 1_000_000] }),
  wallets: (engine) => wallets(engine, { ...size(7, 200), counts: [1, 100, 10_000] }),
};

const startedAt = Date.now();
const results = { node: process.version, quick: options.quick };
for (const name of chosen(options.engine, engines)) {
  const engine = await engines[name](options.only?.split(','));
  const children = startChildren(name, 4);
  try {
    await assertPromises(engine);
    results[name] = { about: engine.about };
    for (const part of chosen(options.part, parts)) {
      if (engine.parts && !engine.parts.includes(part)) continue;
      const partStartedAt = Date.now();
      results[name][part] = await parts[part]({ ...engine, children });
      console.error(`${name} ${part}: ${Math.round((Date.now() - partStartedAt) / 1_000)} s`);
    }
  } finally {
    await children.stop();
    await engine.stop();
  }
  print(name, results[name]);
}
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/stores.json', `${JSON.stringify(results, undefined, 2)}\n`);
console.log(`\n${Math.round((Date.now() - startedAt) / 1_000)} s; written to bench/results/stores.json`);

function size(rounds, forMs) {
  return options.quick ? { rounds: 1, forMs: 60 } : { rounds, forMs };
}

function chosen(list, all) {
  const names = list.split(',');
  for (const name of names) if (!Object.hasOwn(all, name)) throw new Error(`${name}: not one of ${Object.keys(all)}`);
  return names;
}

/** `512`: 512 callers in this process. `4x64`: 64 callers in each of four processes. */
function readLoad(text) {
  const [callers, processes = 1] = text.split('x').map(Number).reverse();
  if (!(callers > 0) || (processes !== 1 && processes !== 4)) throw new Error(`--callers ${text}: like 64 or 4x64`);
  return { name: text, callers, processes };
}
