// The tables of the store. Each migration is applied once, in a transaction that also writes its number, the protocol
// version, to `user_version`. A file of a later version is refused.

/** Marks a file of this library, as opposed to any other database. */
export const applicationId = 0x70617967;

/** Amounts are minor units as text, because sums exceed 64 bits. Times are milliseconds of the store's clock. */
export const migrations: readonly string[] = [
  `
CREATE TABLE store (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  -- Of this file; its mark has the same.
  id TEXT NOT NULL,
  -- Random; another epoch means that data may have been lost.
  epoch TEXT NOT NULL,
  born_at_ms INTEGER NOT NULL,
  -- Grows with each transaction.
  counter INTEGER NOT NULL,
  -- The file in which the epoch began: the number of the file in its file system. A copy has another one.
  place TEXT NOT NULL,
  -- The latest time that was written, and what is added to the clock of the machine, so that it never runs back.
  now_ms INTEGER NOT NULL,
  offset_ms INTEGER NOT NULL,
  -- Since when, and why, all wallets that come into the file are frozen; null as a rule.
  frozen_at_ms INTEGER,
  frozen_for TEXT
) STRICT;

CREATE TABLE wallets (
  wallet TEXT PRIMARY KEY,
  -- Sum of all open holds, and of captures that are not visible yet.
  active TEXT NOT NULL,
  -- Sum of visible captures.
  captured TEXT NOT NULL,
  frozen_at_ms INTEGER,
  frozen_for TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
  -- The order of lists and claims: created_at_ms * 1024, or more where that is taken.
  seq INTEGER PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  wallet TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('reserved', 'sent', 'captured', 'released')),
  created_at_ms INTEGER NOT NULL,
  sent_at_ms INTEGER,
  awaits_outcome INTEGER,
  -- Time at which the row changes by itself: a reservation expires, a capture becomes visible.
  due_at_ms INTEGER,
  -- Time at which the row is deleted.
  forget_at_ms INTEGER,
  lease_owner TEXT,
  lease_until_ms INTEGER,
  -- The hold as JSON, amounts as texts.
  record TEXT NOT NULL
) STRICT;
CREATE INDEX holds_by_state ON holds (wallet, state);
CREATE INDEX holds_awaiting ON holds (wallet) WHERE awaits_outcome = 1;
CREATE INDEX holds_due ON holds (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX holds_forgotten ON holds (forget_at_ms) WHERE forget_at_ms IS NOT NULL;

CREATE TABLE notes (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`,
  `
-- History of the wallets. It has no part in counter and epoch: a loss of it is no loss of money.
CREATE TABLE history (
  at_ms INTEGER NOT NULL,
  -- Chosen by the writer, in its order: an entry that is written twice is kept once.
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  wallet TEXT,
  reference TEXT,
  -- Major units, as exact as they were written.
  amount TEXT CHECK (amount NOT GLOB '*[^-.0-9]*'),
  data TEXT NOT NULL
) STRICT;
-- Each question of query() walks along one of these, however much there is.
CREATE UNIQUE INDEX history_by_time ON history (at_ms, id);
CREATE INDEX history_by_kind ON history (kind, at_ms, id);
CREATE INDEX history_by_wallet ON history (wallet, at_ms, id);
CREATE INDEX history_by_wallet_and_kind ON history (wallet, kind, at_ms, id);
CREATE INDEX history_by_reference ON history (reference, at_ms, id) WHERE reference IS NOT NULL;
`,
  `
-- The sums of each day for daily limits: for a wallet (payee '') and for each of its payees.
CREATE TABLE day_counters (
  -- In the time zone of the wallet: days since 1970-01-01.
  day INTEGER NOT NULL,
  wallet TEXT NOT NULL,
  payee TEXT NOT NULL,
  used TEXT NOT NULL,
  PRIMARY KEY (day, wallet, payee)
) STRICT, WITHOUT ROWID;
-- The epoch in which an operator accepted what its limits count.
ALTER TABLE wallets ADD COLUMN limits_epoch TEXT;
`,
];
