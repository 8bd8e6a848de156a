// The PostgreSQL measurements, in our own database on the server of DATABASE_URL or on the local one.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { epochMs } from '../ours.mjs';
import { contenders } from './contenders.mjs';
import { cpuOf } from './cpu.mjs';

export async function postgresEngine(only) {
  const { DATABASE_URL: url } = process.env;
  const server = url
    ? { connectionString: url }
    : { host: '127.0.0.1', port: 5432, user: 'root', database: 'postgres' };
  const name = `payout_guard_bench_${randomBytes(6).toString('hex')}`;
  await once(server, `CREATE DATABASE ${name}`);
  const address = url ? { connectionString: inDatabase(url, name) } : { ...server, database: name };
  const admin = new pg.Client(address);
  const stop = async () => {
    await admin.end();
    await once(server, `DROP DATABASE ${name} WITH (FORCE)`);
  };
  await admin.connect();
  try {
    await admin.query(readFileSync(new URL('by-hand.sql', import.meta.url), 'utf8'));
    const addWallet = (wallet) => admin.query('INSERT INTO wallets (wallet) VALUES ($1)', [wallet]);
    await addWallet('main');
    // A new store approves nothing during its recovery window. All rounds run in the epoch that begins here.
    const { close } = await contenders.ours.open(address);
    await close();
    await sleep(epochMs);
    const target = {
      address,
      addWallet,
      // No reset: speed must not drop with the number of earlier holds, for any contender.
      reset: async () => {},
      settle: () => admin.query('VACUUM ANALYZE'),
      cpu: () => cpuOf(admin, name),
    };
    const keys = Object.keys(contenders).filter((key) => !only || only.includes(key));
    return {
      name: 'postgres',
      about: await about(admin),
      forMs: 300,
      lines: keys.map((key) => ({ key, title: contenders[key].title, contender: contenders[key], target })),
      library: contenders.ours,
      target,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function about(admin) {
  const { rows } = await admin.query(`SELECT current_setting('server_version') AS version,
    current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`);
  const [{ version, fsync, commit }] = rows;
  return `PostgreSQL ${version}, fsync ${fsync}, synchronous_commit ${commit}`;
}

async function once(config, text) {
  const client = new pg.Client(config);
  await client.connect();
  await client.query(text).finally(() => client.end());
}

function inDatabase(url, name) {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
