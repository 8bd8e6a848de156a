import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** They install the packed tarball, which takes longer than most of the other suites together. */
const proofOnly = 'test/package/';

/** Those with a larger budget (see test/support/budget.ts), and those that have no smaller one. */
function suitesOfProof() {
  const hasBudget = (file) => readFileSync(file, 'utf8').includes('support/budget.js');
  const isOne = (file) => file.endsWith('.test.ts') && (file.startsWith(proofOnly) || hasBudget(file));
  return readdirSync('test', { recursive: true })
    .map((file) => join('test', file))
    .filter(isOne)
    .map((file) => `<rootDir>/${file}`);
}

/** @type {import('jest').Config} */
export default {
  ...(process.env.TEST_BUDGET === 'large'
    ? { testMatch: suitesOfProof() }
    : { testPathIgnorePatterns: ['/node_modules/', `<rootDir>/${proofOnly}`] }),
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
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      },
    ],
  },
  moduleNameMapper: {
    '^payout-guard$': '<rootDir>/src/index.ts',
    '^payout-guard/(express|testing|history|drift|monitor|telemetry)$': '<rootDir>/src/$1/index.ts',
    '^payout-guard/(providers/.+|stores/.+)$': '<rootDir>/src/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};
