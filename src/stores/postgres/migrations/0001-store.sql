-- The tables of the store. migrate() applies these files, in the order of their numbers; psql does it as well:
--
--   psql -1 -v ON_ERROR_STOP=1 -v schema=payout_guard -c 'CREATE SCHEMA payout_guard' \
--     -f 0001-store.sql -f 0002-run-batch.sql -f 0003-claim-and-delete.sql -f 0004-notes.sql
--
-- psql puts `:schema` in everywhere but in the bodies of functions, which is why each of them sets its search_path.
--
-- Amounts are minor units, numeric because sums go beyond 64 bits. Times are milliseconds since 1970 on the clock of this
-- server. Names are compared byte by byte (COLLATE "C"): every process then locks in the same order.

-- Which files were applied: each begins by inserting its number, and so is applied once.
CREATE TABLE :schema.migrations (number integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
INSERT INTO :schema.migrations (number) VALUES (1);

-- One row, or none when memory was lost.
CREATE TABLE :schema.store (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- Random; another epoch means that something may have been forgotten.
  epoch text NOT NULL,
  born_at_ms bigint NOT NULL,
  -- Where the epoch began; see place().
  place text NOT NULL
);

CREATE TABLE :schema.wallets (
  wallet text COLLATE "C" PRIMARY KEY,
  -- Sum of what open holds promise, and of captures that are not visible yet.
  active numeric NOT NULL DEFAULT 0,
  -- Sum of visible captures.
  captured numeric NOT NULL DEFAULT 0,
  -- The epoch in which `active` was last added up from the holds; it is added up again in the next one.
  epoch text NOT NULL DEFAULT '',
  -- While nothing is approved from it: since when, and what the operator wrote.
  frozen_at_ms bigint,
  frozen_for text
) WITH (fillfactor = 50); -- The row of a busy wallet is updated in place as long as its page has room.

-- Each batch takes a range: no batch has more operations than this.
CREATE SEQUENCE :schema.hold_sequence INCREMENT BY 8192 CYCLE;

-- A row is changed by the holder of its wallet's row lock only; leases are not.
CREATE TABLE :schema.holds (
  reference text COLLATE "C" PRIMARY KEY,
  wallet text COLLATE "C" NOT NULL,
  state text NOT NULL CHECK (state IN ('reserved', 'sent', 'captured', 'released')),
  amount numeric NOT NULL,
  captured_amount numeric,
  created_at_ms bigint NOT NULL,
  expires_at_ms bigint,
  sent_at_ms bigint,
  ended_at_ms bigint,
  -- When the row does something by itself: a reservation expires, a capture becomes visible.
  due_at_ms bigint,
  -- Until when a capture counts as held; null if it was visible at once.
  visible_at_ms bigint,
  -- The reference was held and released before.
  held_before boolean NOT NULL DEFAULT false,
  -- The attempt that took the hold, and those that must not take it when they arrive late.
  attempt text NOT NULL,
  abandoned text[],
  -- The order of the list, and of claims: created_at_ms << 21, plus a number that tells holds of one millisecond apart.
  seq bigint NOT NULL,
  lease_owner text,
  lease_until_ms bigint,
  -- json, not jsonb: it is kept as it was written, and jsonb refuses \u0000.
  metadata json NOT NULL
);

-- Each index is paid for with every hold; these two do for everything that is not looked up by reference.
-- Lists, claims and the deletion of finished holds, each from the oldest on; all states are four of these in one.
CREATE INDEX holds_by_state ON :schema.holds (state, seq);
-- What is due in a wallet, and what is to be added up to its active amount. A finished hold is not in here.
CREATE INDEX holds_active ON :schema.holds (wallet, due_at_ms)
  WHERE state IN ('reserved', 'sent') OR due_at_ms IS NOT NULL;

-- Where this memory lives. Another answer means that it may have gone back in time:
--   the cluster      restored into another one, upgraded
--   the timeline     failed over to a replica, which may have lagged; restored from a backup
--   the table files  truncated, dropped and restored from a dump, a copied database (also rewritten by VACUUM FULL: harmless,
--                    but a recovery window goes by)
-- With the rights of its owner, so that all roles get the same answer. Providers that do not have one of these functions leave
-- that part empty.
CREATE FUNCTION :schema.place() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp
AS $$
DECLARE
  cluster text := '';
  timeline text := '';
BEGIN
  BEGIN
    cluster := (pg_control_system()).system_identifier::text;
  EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN NULL;
  END;
  BEGIN
    timeline := left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
  EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN NULL;
  END;
  RETURN cluster || '/' || timeline
    || '/' || pg_relation_filepath('holds'::regclass)
    || '/' || pg_relation_filepath('wallets'::regclass);
END
$$;

-- How far the server has written, or null where that cannot be asked. Lower than before means that it has gone back in time
-- on the same timeline: a disk was set back to a snapshot, or a crash took what was not on the disk yet.
CREATE FUNCTION :schema.written() RETURNS pg_lsn
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp
AS $$
BEGIN
  RETURN pg_current_wal_insert_lsn();
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN
  RETURN NULL;
END
$$;

CREATE FUNCTION :schema.now_ms() RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;
