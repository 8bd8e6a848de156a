// Settings that work, and may lose data, end the process or fail later: for `payout-guard doctor`.
import type { Concern } from '../shared/engine.js';

/** The part of a client that is used here. */
interface Client {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** The rights that the store needs, by table. Those of its history, and to delete, are the choice of the user. */
const rights: Readonly<Record<string, readonly string[]>> = {
  store: ['SELECT', 'INSERT', 'UPDATE'],
  wallets: ['SELECT', 'INSERT', 'UPDATE'],
  holds: ['SELECT', 'INSERT', 'UPDATE'],
  notes: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
};

/** @param schema - Quoted. @throws what the client throws. */
export async function concernsOf(pool: Client, schema: string): Promise<readonly Concern[]> {
  const concerns: Concern[] = [];
  if (!hasListener(pool)) {
    const advice = "Add `pool.on('error', ...)`: without it the process ends when a connection breaks.";
    concerns.push({ what: 'the pool has no listener for `error`', advice });
  }
  for (const name of ['fsync', 'full_page_writes']) {
    if ((await ask(pool, `current_setting('${name}')`)) === 'on') continue;
    concerns.push({ what: `${name} is off: a crash of the server loses or damages data`, advice: `Set ${name} = on.` });
  }
  const missing = await missingRights(pool, schema);
  if (missing.length > 0) {
    concerns.push({ what: 'the role lacks a right', advice: `GRANT ${missing.join('; GRANT ')} (docs/stores.md).` });
  }
  return concerns;
}

/** False for a pool without a listener of errors; true for a client that emits none. */
export function hasListener(pool: Client): boolean {
  const { listenerCount } = pool as { listenerCount?: (event: string) => number };
  return listenerCount?.call(pool, 'error') !== 0;
}

async function missingRights(pool: Client, schema: string): Promise<string[]> {
  const missing: string[] = [];
  for (const [table, names] of Object.entries(rights)) {
    for (const right of names) {
      const asked = `has_table_privilege('${schema}.${table}', '${right}')`;
      if ((await ask(pool, asked)) === 'false') missing.push(`${right} ON ${schema.replaceAll('"', '')}.${table}`);
    }
  }
  return missing;
}

async function ask(pool: Client, expression: string): Promise<string> {
  const [row] = (await pool.query(`SELECT (${expression})::text AS reply`, [])).rows;
  return (row as { readonly reply: string }).reply;
}
