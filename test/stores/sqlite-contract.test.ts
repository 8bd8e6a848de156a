import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, it } from '@jest/globals';
import { sqliteStore } from 'payout-guard/stores/sqlite';
import { storeContract } from 'payout-guard/testing';
import { filesInMemory } from '../support/sqlite.js';

const newFile = filesInMemory(afterAll);

// The deadline is long because the machine of a test may be busy.
storeContract(
  { describe, it },
  { name: 'SQLite', open: () => sqliteStore({ file: newFile(), deadlineMs: 10_000 }), pass: sleep },
);
