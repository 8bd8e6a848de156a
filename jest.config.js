import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const suites = readdirSync('test', { recursive: true })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => ({ path: `<rootDir>/${join('test', file)}`, text: readFileSync(join('test', file), 'utf8') }));

/** Those that `npm test` leaves out; see test/support/proof-only.ts. */
const proofOnly = suites.filter(({ text }) => text.includes('support/proof-only.js'));
/** Those with a larger budget; see test/support/budget.ts. */
const withBudget = suites.filter(({ text }) => text.includes('support/budget.js'));
const pathsOf = (some) => some.map(({ path }) => path);

/** @type {import('jest').Config} */
export default {
  ...(process.env.TEST_BUDGET === 'large'
    ? { testMatch: pathsOf([...new Set([...withBudget, ...proofOnly])]) }
    : { testPathIgnorePatterns: ['/node_modules/', ...pathsOf(proofOnly)] }),
  testEnvironment: 'node',
  // One more than the machines have cores: suites of real databases wait most of their time. With one process for
  // everything, as jest has it on two cores, the heap slows down the long tests.
  maxWorkers: 3,
  // For what hangs. No test depends on how fast the machine is, and none has a limit of its own.
  testTimeout: 240_000,
  roots: ['<rootDir>/test', '<rootDir>/examples'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          // As NestJS has them.
          transform: { legacyDecorator: true },
        },
      },
    ],
  },
  moduleNameMapper: {
    '^payout-guard$': '<rootDir>/src/index.ts',
    '^#console-assets$': '<rootDir>/test/support/console-assets.ts',
    '^payout-guard/(batch|console|express|fastify|hono|koa|nest|web|testing|history|drift|monitor|telemetry)$':
      '<rootDir>/src/$1/index.ts',
    '^payout-guard/(providers/.+|stores/.+)$': '<rootDir>/src/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};
