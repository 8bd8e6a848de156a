// Notes: small facts that processes share. One statement each, so that no transaction is needed.
import type { Query } from './pages.js';

export function noteQuery(schema: string, key: string): Query {
  return { text: `SELECT value FROM ${schema}.notes WHERE key = $1`, values: [key] };
}

/**
 * Answers one row if the note was what is expected. Whoever comes second to the same note waits for the first one's row, and then finds
 * it changed.
 */
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
