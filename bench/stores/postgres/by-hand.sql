-- A handwritten minimum for holds in PostgreSQL: the tables, and many holds in one call.

CREATE TABLE wallets (
  wallet text PRIMARY KEY,
  active bigint NOT NULL DEFAULT 0,
  captured bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE holds (
  reference text PRIMARY KEY,
  wallet text NOT NULL,
  state text NOT NULL,
  amount bigint NOT NULL,
  created_at timestamptz NOT NULL,
  sent_at timestamptz,
  metadata json NOT NULL
);
CREATE INDEX holds_open ON holds (created_at) WHERE state IN ('reserved', 'sent');

-- Holds each reference that fits and is not taken, with the wallet locked. Returns the references held.
CREATE FUNCTION hold_many(of_wallet text, most bigint, names text[], amounts bigint[], metadatas text[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
  room bigint;
  held text[];
  used bigint;
  amount_held bigint;
BEGIN
  SELECT most - active - captured INTO room FROM wallets WHERE wallet = of_wallet FOR NO KEY UPDATE;
  IF (SELECT sum(amount) FROM unnest(amounts) amount) <= room THEN
    -- The usual case: all of them fit.
    WITH inserted AS (
      INSERT INTO holds
        SELECT name, of_wallet, 'sent', amount, now(), now(), metadata::json
          FROM unnest(names, amounts, metadatas) asked (name, amount, metadata)
        ON CONFLICT DO NOTHING RETURNING reference, amount
    )
    SELECT array_agg(reference), sum(amount) INTO held, used FROM inserted;
  ELSE
    used := 0;
    FOR at IN 1 .. cardinality(names) LOOP
      CONTINUE WHEN used + amounts[at] > room;
      INSERT INTO holds VALUES (names[at], of_wallet, 'sent', amounts[at], now(), now(), metadatas[at]::json)
        ON CONFLICT DO NOTHING RETURNING amount INTO amount_held;
      CONTINUE WHEN amount_held IS NULL;
      used := used + amount_held;
      held := array_append(held, names[at]);
    END LOOP;
  END IF;
  IF used > 0 THEN UPDATE wallets SET active = active + used WHERE wallet = of_wallet; END IF;
  RETURN held;
END
$$;
