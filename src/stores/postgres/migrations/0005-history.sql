-- Needs 0001-store.sql.
INSERT INTO :schema.migrations (number) VALUES (5);

-- History of the wallets, for operators and auditors: contains balances. A loss of it is no loss of money, so it has no
-- part in the epoch, and nothing that pays waits for it. Times are of the process that wrote the entry.
CREATE TABLE :schema.history (
  at_ms bigint NOT NULL,
  -- Chosen by the writer, in its order: an entry that is written twice is kept once.
  id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  wallet text COLLATE "C",
  reference text COLLATE "C",
  -- Major units, as exact as they were written.
  amount numeric,
  data json NOT NULL,
  -- Pages by time, and the deletion of what is too old.
  PRIMARY KEY (at_ms, id)
);

-- Each question of query() walks along one of these, however much there is.
CREATE INDEX history_by_kind ON :schema.history (kind, at_ms, id);
CREATE INDEX history_by_wallet ON :schema.history (wallet, kind, at_ms, id);
CREATE INDEX history_by_reference ON :schema.history (reference, at_ms, id) WHERE reference IS NOT NULL;
