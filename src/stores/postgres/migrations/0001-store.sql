-- The tables of the store. migrate() applies these files in the order of their numbers. psql does too:
--
--   psql -1 -v ON_ERROR_STOP=1 -v schema=payout_guard -c 'CREATE SCHEMA payout_guard' \
--     -f 0001-store.sql -f 0002-run-batch.sql -f 0003-claim-and-delete.sql -f 0004-notes.sql -f 0005-history.sql
--
-- psql replaces `:schema` everywhere except in function bodies, so each function sets its search_path.
--
-- Amounts are minor units, numeric because sums exceed 64 bits. Times are milliseconds since 1970 of the store's time:
-- see now_ms().
-- Names are compared byte by byte (COLLATE "C"), so that every process locks in the same order.

-- The applied files. Each begins by inserting its number, and so is applied once.
CREATE TABLE :schema.migrations (number integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
INSERT INTO :schema.migrations (number) VALUES (1);

-- One row, or none when data was lost.
CREATE TABLE :schema.store (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  -- Random; another epoch means that data may have been lost.
  epoch text NOT NULL,
  -- 0 in a store that is new: it has lost nothing, so nothing is waited for.
  born_at_ms bigint NOT NULL,
  -- The place in which the epoch began; see place().
  place text NOT NULL,
  -- Lead of the store's time over the server's clock.
  offset_ms bigint NOT NULL DEFAULT 0,
  -- Since when all holds are counted under daily limits; 0 in a store that is new. Later than the epoch if the server
  -- was only restarted: then nothing was lost.
  counts_since_ms bigint NOT NULL DEFAULT 0
);

CREATE TABLE :schema.wallets (
  wallet text COLLATE "C" PRIMARY KEY,
  -- Sum of all open holds, and of captures that are not visible yet.
  active numeric NOT NULL DEFAULT 0,
  -- Sum of visible captures.
  captured numeric NOT NULL DEFAULT 0,
  -- The epoch in which `active` was last added up from the holds; a new epoch adds it up again.
  epoch text NOT NULL DEFAULT '',
  -- While the wallet is frozen: start of the freeze, and the operator's reason.
  frozen_at_ms bigint,
  frozen_for text,
  -- The time when this row was written last, or a late hold was ruled out. It never runs back.
  clock_ms bigint NOT NULL DEFAULT 0,
  -- The epoch in which an operator accepted what the daily limits count.
  limits_epoch text
) WITH (fillfactor = 50); -- The row of a busy wallet is updated in place as long as its page has room.

-- Each batch takes a range: no batch has more operations than this.
CREATE SEQUENCE :schema.hold_sequence INCREMENT BY 8192 CYCLE;

-- A row is changed under its wallet's row lock only; leases are the exception. Columns that are never null come first,
-- because the server finds them faster.
CREATE TABLE :schema.holds (
  -- The order of lists and claims: created_at_ms << 21, plus a number that orders the holds of one millisecond.
  seq bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  -- Decimals of the currency.
  exponent smallint NOT NULL,
  -- Number of this hold among those of its reference: those before were released.
  turn integer NOT NULL DEFAULT 1,
  -- The payout failed: the reference is not held again.
  failed boolean NOT NULL DEFAULT false,
  -- Captured at acceptance: the outcome of the payout is still to be looked up.
  awaits_outcome boolean NOT NULL DEFAULT false,
  reference text COLLATE "C" PRIMARY KEY,
  wallet text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('reserved', 'sent', 'captured', 'released')),
  amount numeric NOT NULL,
  currency text NOT NULL,
  -- The attempt that took the hold.
  attempt text NOT NULL,
  -- json, not jsonb: it is kept as it was written, and jsonb refuses \u0000.
  metadata json NOT NULL,
  -- Time at which the row changes by itself: a reservation expires, a capture becomes visible.
  due_at_ms bigint,
  expires_at_ms bigint,
  sent_at_ms bigint,
  -- Until when the code that pays may send; the moment it ended, once that is recorded.
  sends_until_ms bigint,
  ended_at_ms bigint,
  -- Until when a capture counts as held; null if it was visible at once.
  visible_at_ms bigint,
  captured_amount numeric,
  -- The handle that was given `sent`; null if it is that of the attempt.
  sender text,
  -- Digest of the payee.
  fingerprint text,
  -- Its place in daily limits: the day, since 1970-01-01, and the digest of the payee.
  day integer,
  payee text,
  -- The process that looks up the outcome, and until when no other one gets it.
  lease_owner text,
  lease_until_ms bigint
);

-- A hold pays for two indexes when it is taken, the key and one of the next two, and for the last one when it ends.
-- Holds that change by themselves, by wallet: reservations, and captures that are not visible yet.
CREATE INDEX holds_due ON :schema.holds (wallet, due_at_ms) WHERE due_at_ms IS NOT NULL;
-- Holds whose outcome is not known, by wallet, from the oldest on: lists, and claims.
CREATE INDEX holds_undecided ON :schema.holds (wallet, seq) WHERE state = 'sent' OR awaits_outcome;
-- Finished holds by wallet, from the oldest on: lists, and deletion.
CREATE INDEX holds_finished ON :schema.holds (wallet, state, seq) WHERE state IN ('captured', 'released');

-- The sums of a day for daily limits: for a wallet (payee ''), and for each of its payees. Changed under
-- the row lock of the wallet only.
CREATE TABLE :schema.day_counters (
  wallet text COLLATE "C" NOT NULL,
  day integer NOT NULL,
  payee text COLLATE "C" NOT NULL,
  used numeric NOT NULL,
  PRIMARY KEY (wallet, day, payee)
) WITH (fillfactor = 50);

-- The place of this data. Another answer means that the data may have gone back in time:
--   the cluster      restored into another one, upgraded
--   the timeline     failed over to a replica, which may have lagged; restored from a backup
--   the table files  truncated, dropped and restored from a dump, a copied database (also rewritten by VACUUM FULL:
--                    harmless, but a recovery window goes by)
--   the start        a crash loses what other sessions had not on the disk, and what came since hides that (so does a
--                    restart as planned: harmless, but a recovery window goes by)
-- Runs with the rights of its owner, so that all roles get the same answer. If a provider lacks one of these functions,
-- that part stays empty.
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
    || '/' || pg_relation_filepath('wallets'::regclass)
    || '/' || extract(epoch FROM pg_postmaster_start_time());
END
$$;

-- The last position that the server wrote, or null if unknown. Lower than before means that it has gone back in time
-- on the same timeline: a disk was set back to a snapshot, or a crash lost what was not on the disk yet.
CREATE FUNCTION :schema.written() RETURNS pg_lsn
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp
AS $$
BEGIN
  RETURN pg_current_wal_insert_lsn();
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN
  RETURN NULL;
END
$$;

-- Returns true if two places differ at most by the start of the server, and the server keeps what it commits: it was
-- restarted, or crashed, and has lost nothing that was answered.
CREATE FUNCTION :schema.is_restart(place text, other text) RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT regexp_replace(place, '/[^/]*$', '') = regexp_replace(other, '/[^/]*$', '')
    -- A server that does not show its cluster and timeline may be another one.
    AND place ~ '^[^/]+/[^/]+/' AND current_setting('fsync') = 'on'
$$;

-- The number of the last file that was applied.
CREATE FUNCTION :schema.version() RETURNS integer
LANGUAGE sql STABLE SET search_path = :schema, pg_temp
AS $$ SELECT max(m.number) FROM migrations m $$;

-- This server's clock.
CREATE FUNCTION :schema.server_ms() RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

-- The store's time. It does not run back when the clock does: a message that came too late would be in time again.
CREATE FUNCTION :schema.now_ms() RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = :schema, pg_temp
AS $$ SELECT server_ms() + coalesce((SELECT s.offset_ms FROM store s), 0) $$;

-- Makes a commit of the store reach the disk before it is answered, whatever default the server, the database or the
-- role has. A setting that waits for more than that stays as it is.
CREATE FUNCTION :schema.make_durable() RETURNS void
LANGUAGE sql VOLATILE
AS $$
  SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local')
$$;

-- Refuses to write at a stricter level, at which the second of two processes fails where it should wait. The store then
-- repeats the statement through ask().
CREATE FUNCTION :schema.assert_read_committed() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'to be asked by ask()' USING ERRCODE = 'invalid_transaction_state';
  END IF;
END
$$;

-- Asks a question in a READ COMMITTED transaction, where another level is the default: a statement cannot choose it for
-- itself.
--
--   question   a SELECT of one text, the reply, from p1 to p32
CREATE PROCEDURE :schema.ask(question text, INOUT reply text,
  p1 text = NULL, p2 text = NULL, p3 text = NULL, p4 text = NULL, p5 text = NULL, p6 text = NULL,
  p7 text = NULL, p8 text = NULL, p9 text = NULL, p10 text = NULL, p11 text = NULL, p12 text = NULL,
  p13 text = NULL, p14 text = NULL, p15 text = NULL, p16 text = NULL, p17 text = NULL, p18 text = NULL,
  p19 text = NULL, p20 text = NULL, p21 text = NULL, p22 text = NULL, p23 text = NULL, p24 text = NULL,
  p25 text = NULL, p26 text = NULL, p27 text = NULL, p28 text = NULL, p29 text = NULL, p30 text = NULL,
  p31 text = NULL, p32 text = NULL
)
LANGUAGE plpgsql
AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    ROLLBACK;
    SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
  END IF;
  EXECUTE question INTO reply USING p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12,
    p13, p14, p15, p16, p17, p18, p19, p20, p21, p22, p23, p24,
    p25, p26, p27, p28, p29, p30, p31, p32;
END
$$;

-- The first epoch begins here, and not in a transaction of the application: all other processes would wait for its end.
INSERT INTO :schema.store (epoch, born_at_ms, place) VALUES (gen_random_uuid()::text, 0, :schema.place());
