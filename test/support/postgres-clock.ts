// The clock of a PostgreSQL store, moved by tests.
import type { PostgresClient } from 'payout-guard/stores/postgres';

/** The clock of a store, moved by the test alone, so that no result depends on how fast the machine is. */
export interface ManualClock {
  readonly nowMs: number;
  pass(ms: number): Promise<void>;
  /** Sets the clock forward or back, as an operator or NTP does. */
  step(ms: number): Promise<void>;
}

/** Replaces the clock of a migrated schema, for all processes that use it. */
export async function manualClock(client: PostgresClient, schema: string): Promise<ManualClock> {
  let nowMs = Date.now();
  await client.query(`CREATE TABLE "${schema}".manual_clock AS SELECT ${nowMs}::bigint AS now_ms`, []);
  await client.query(
    `CREATE OR REPLACE FUNCTION "${schema}".server_ms() RETURNS bigint LANGUAGE sql VOLATILE
     AS $$ SELECT now_ms FROM "${schema}".manual_clock $$`,
    [],
  );
  const step = async (ms: number) => {
    nowMs += ms;
    await client.query(`UPDATE "${schema}".manual_clock SET now_ms = $1::text::bigint`, [`${nowMs}`]);
  };
  return {
    get nowMs() {
      return nowMs;
    },
    pass: step,
    step,
  };
}
