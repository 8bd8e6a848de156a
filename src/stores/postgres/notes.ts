// Notes: small facts that processes share. One statement each, so that no transaction is needed.
import type { Query } from './pages.js';

export function noteQuery(schema: string, key: string): Query {
  return { text: `SELECT value FROM ${schema}.notes WHERE key = $1`, values: [key] };
}

/** Returns one row if the note was as expected. Of two at once, the second waits for the row of the first, and finds it changed. */
export function swapQuery(schema: string, key: string, expected: string | undefined, value: string | undefined): Query {
  const notes = `${schema}.notes`;
  if (expected === undefined) {
    return value === undefined
      ? { text: `SELECT true WHERE NOT EXISTS (SELECT FROM ${notes} WHERE key = $1)`, values: [key] }
      : { text: `INSERT INTO ${notes} VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true`, values: [key, value] };
  }
  return value === undefined
    ? { text: `DELETE FROM ${notes} WHERE key = $1 AND value = $2 RETURNING true`, values: [key, expected] }
    : {
        text: `UPDATE ${notes} SET value = $3 WHERE key = $1 AND value = $2 RETURNING true`,
        values: [key, expected, value],
      };
}
