/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // On two cores jest would run everything in one process, whose heap then slows down the long tests.
  maxWorkers: 2,
  // A bound for what hangs, not a measure: many tests start processes, compilers and servers.
  testTimeout: 60_000,
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
    '^payout-guard/(express|testing|monitor|telemetry)$': '<rootDir>/src/$1/index.ts',
    '^payout-guard/(providers/.+|stores/.+)$': '<rootDir>/src/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};
