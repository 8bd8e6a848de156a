// Brings the schema up to date.
import { ConfigurationError } from '../../core/errors.js';
import { StoreFailure } from '../../core/store-failure.js';
import { assertPrimary, type PostgresClient } from './engine.js';
import { migrations } from './migrations.generated.js';

/**
 * One statement, so that it is one transaction on any client: it waits for other migrators, and each migration first
 * inserts its number. The schema is as before, or up to date. A role that may not create needs no right but to read the
 * numbers when nothing is left to do.
 */
export async function migrate(client: PostgresClient, schema: string): Promise<void> {
  await assertPrimary(client).catch((error) => {
    throw error instanceof StoreFailure ? new ConfigurationError([`pool: ${error.message}`]) : error;
  });
  const steps = migrations.map((sql, index) => {
    const isMissing =
      index === 0
        ? `to_regclass(${literal(`${schema}.migrations`)}) IS NULL`
        : `NOT EXISTS (SELECT FROM ${schema}.migrations WHERE number = ${index + 1})`;
    return `IF ${isMissing} THEN EXECUTE ${literal(sql.replaceAll(':schema', schema))}; END IF;`;
  });
  const text = `DO ${literal(`
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended(${literal(`payout-guard migrates ${schema}`)}, 0));
      -- Checked first: creating needs rights that a role of the application may lack when nothing is left to create.
      IF to_regnamespace(${literal(schema)}) IS NULL THEN
        CREATE SCHEMA ${schema};
      END IF;
      ${steps.join('\n      ')}
    END`)}`;
  await client.query(text, []);
  const [row] = (await client.query(`SELECT max(number)::text AS reply FROM ${schema}.migrations`, [])).rows;
  if (Number((row as { reply: string }).reply) > migrations.length) {
    throw new ConfigurationError([
      `schema: ${schema} was migrated by a newer version of payout-guard; update this one`,
    ]);
  }
}

/** A text constant of SQL, whatever is in it. */
function literal(text: string): string {
  return ` E'${text.replace(/\\/g, '\\\\').replace(/'/g, "''")}'`;
}
