// Runs the examples without the providers and stores in the environment of the tests.
import type { TestDatabase } from '../support/postgres.js';
import { type ProgramResult, runTypeScript } from '../support/programs.js';

/**
 * Hides warnings that an example cannot avoid and that are tested elsewhere: JPay's look-up is undocumented, and the
 * memory store ends with its process.
 */
export const simulated: NodeJS.ProcessEnv = {
  JPAY_BASE_URL: '',
  INTERSWITCH_BASE_URL: '',
  STORE: '',
  NODE_OPTIONS: '--disable-warning=PAYOUT_GUARD_LOOKUP --disable-warning=PAYOUT_GUARD_MEMORY_LOST',
};

export function runExample(name: string, env: NodeJS.ProcessEnv = {}): Promise<ProgramResult> {
  return runTypeScript(`examples/${name}.ts`, [], { env: { ...simulated, ...env } });
}

/** The address of a test database, as an application would use it. */
export function urlOf(database: TestDatabase): string {
  const { connectionString, host, port, user, database: name } = database.pool().options;
  return connectionString ?? `postgres://${user}@/${name}?host=${encodeURIComponent(`${host}`)}&port=${port ?? 5432}`;
}
