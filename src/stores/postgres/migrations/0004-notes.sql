-- Needs 0001-store.sql.
INSERT INTO :schema.migrations (number) VALUES (4);

-- Small facts that processes share, such as which alerts were sent. A loss of them is no loss of money, so they have no
-- part in the epoch. Each change is one statement whose condition is what the caller expects to be there.
CREATE TABLE :schema.notes (
  key text COLLATE "C" PRIMARY KEY,
  value text COLLATE "C" NOT NULL
);
