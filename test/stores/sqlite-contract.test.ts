import { afterAll, describe, it } from '@jest/globals';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { storeContract } from 'payout-guard/testing';
import { stoppedClock } from '../support/clock.js';
import { filesInMemory } from '../support/sqlite.js';

const newFile = filesInMemory(afterAll);

const { now, advance } = stoppedClock();

// The deadline is long because the machine of a test may be busy. For the same reason the time is that of the test.
storeContract(
  { describe, it },
  {
    name: 'SQLite',
    open: () => sqliteStore({ file: newFile(), deadlineMs: 10_000, clock: { now } }),
    pass: async (ms) => advance(ms),
  },
);
