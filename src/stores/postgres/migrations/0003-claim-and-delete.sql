-- Needs 0002-run-batch.sql, and is applied as it is.
INSERT INTO :schema.migrations (number) VALUES (3);

-- All of these walk along an index, wallet by wallet, from the oldest hold on, and end at the first hold that is too
-- young: one that was sent or ended so long ago was created no later. Settings rule out other plans: right after many
-- rows came, the planner has no statistics of them and would sort them all.

-- The first number in the order of holds that were created at this time or later.
CREATE FUNCTION :schema.seq_at(at_ms bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$ SELECT greatest(0, least(at_ms, (1::bigint << 42) - 1)) << 21 $$;

-- All wallets that have holds: one step along each index for each wallet, however many holds it has.
CREATE FUNCTION :schema.all_wallets() RETURNS text[]
LANGUAGE sql STABLE
SET search_path = :schema, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off
AS $$
  WITH RECURSIVE due (wallet) AS (
    SELECT (SELECT h.wallet FROM holds h WHERE h.due_at_ms IS NOT NULL ORDER BY h.wallet LIMIT 1)
    UNION ALL
    SELECT (
      SELECT h.wallet FROM holds h WHERE h.due_at_ms IS NOT NULL AND h.wallet > w.wallet ORDER BY h.wallet LIMIT 1)
    FROM due w WHERE w.wallet IS NOT NULL
  ), undecided (wallet) AS (
    SELECT (SELECT h.wallet FROM holds h WHERE h.state = 'sent' OR h.awaits_outcome ORDER BY h.wallet LIMIT 1)
    UNION ALL
    SELECT (
      SELECT h.wallet FROM holds h WHERE (h.state = 'sent' OR h.awaits_outcome) AND h.wallet > w.wallet
      ORDER BY h.wallet LIMIT 1)
    FROM undecided w WHERE w.wallet IS NOT NULL
  ), finished (wallet) AS (
    SELECT (SELECT h.wallet FROM holds h WHERE h.state IN ('captured', 'released') ORDER BY h.wallet LIMIT 1)
    UNION ALL
    SELECT (
      SELECT h.wallet FROM holds h WHERE h.state IN ('captured', 'released') AND h.wallet > w.wallet
      ORDER BY h.wallet LIMIT 1)
    FROM finished w WHERE w.wallet IS NOT NULL
  )
  SELECT array_agg(w.wallet)
  FROM (SELECT d.wallet FROM due d UNION SELECT u.wallet FROM undecided u UNION SELECT f.wallet FROM finished f) w
  WHERE w.wallet IS NOT NULL
$$;

-- A page of holds, oldest first. Reservations are few enough to be sorted.
--   asked          only holds of these wallets; null for all
--   states         only holds in these states. A reservation whose time is over is released, although the next batch of
--                  its wallet writes that down
--   older_than_ms  created at least so long ago; null for all
--   after          where the page before ended, or 0
--   most           longest page
-- Returns json: { nowMs, next, holds }, each hold as hold_json() writes it; next is null on the last page.
CREATE FUNCTION :schema.list_holds(asked text[], states text[], older_than_ms bigint, after bigint, most integer)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = :schema, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  now_ms CONSTANT bigint := now_ms();
  until_seq CONSTANT bigint :=
    CASE WHEN older_than_ms IS NULL THEN 9223372036854775807 ELSE seq_at(now_ms - older_than_ms + 1) END;
  page text[];
  seqs bigint[];
BEGIN
  SELECT array_agg(p.hold ORDER BY p.seq), array_agg(p.seq ORDER BY p.seq) INTO page, seqs
  FROM (
    SELECT h.seq, hold_json(CASE WHEN h.state = 'reserved' AND h.due_at_ms <= now_ms THEN expired(h) ELSE h END) AS hold
    FROM (
      SELECT f.seq, f.reference
      FROM (SELECT DISTINCT w.wallet FROM unnest(coalesce(asked, all_wallets())) w (wallet)) w
      CROSS JOIN LATERAL (
        (
          SELECT h.seq, h.reference FROM holds h
          WHERE 'sent' = ANY (states) AND h.state = 'sent' AND h.wallet = w.wallet COLLATE "C"
            AND h.seq > after AND h.seq < until_seq
          ORDER BY h.seq LIMIT most + 1
        ) UNION ALL (
          SELECT h.seq, h.reference FROM holds h
          WHERE states && '{reserved,released}' AND h.state = 'reserved' AND h.wallet = w.wallet COLLATE "C"
            AND CASE WHEN h.due_at_ms <= now_ms THEN 'released' ELSE 'reserved' END = ANY (states)
            AND h.due_at_ms IS NOT NULL AND h.seq > after AND h.seq < until_seq
          ORDER BY h.seq LIMIT most + 1
        ) UNION ALL (
          SELECT h.seq, h.reference FROM holds h
          WHERE 'captured' = ANY (states) AND h.state = 'captured' AND h.wallet = w.wallet COLLATE "C"
            AND h.seq > after AND h.seq < until_seq
          ORDER BY h.seq LIMIT most + 1
        ) UNION ALL (
          SELECT h.seq, h.reference FROM holds h
          WHERE 'released' = ANY (states) AND h.state = 'released' AND h.wallet = w.wallet COLLATE "C"
            AND h.seq > after AND h.seq < until_seq
          ORDER BY h.seq LIMIT most + 1
        )
      ) f
      ORDER BY f.seq LIMIT most + 1
    ) f JOIN holds h ON h.reference = f.reference
  ) p;
  RETURN '{"nowMs":' || now_ms
    || ',"next":' || CASE WHEN cardinality(seqs) > most THEN '"' || seqs[most] || '"' ELSE 'null' END
    || ',"holds":[' || coalesce(array_to_string(page[:most], ','), '') || ']}';
END
$$;

-- Returns true if an owner may lease a hold: its outcome is not known, and no other owner has it.
CREATE FUNCTION :schema.may_lease(hold :schema.holds, owner text, now_ms bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT (hold.state = 'sent' OR hold.awaits_outcome)
    AND (hold.lease_owner = owner OR coalesce(hold.lease_until_ms, 0) <= now_ms)
$$;

-- Leases undecided holds, oldest first. Those that another process is about to lease, or to change, are passed over.
--   owner            takes them, and may take them again
--   asked            only holds of these wallets
--   older_than_ms    sent at least so long ago
--   lease_ms         how long no other owner gets them
--   after            where the page before ended, or 0
--   most             longest page; with 0 nothing is leased
--   unserved_for_ms  how long no owner had the holds of a wallet that is reported as unserved
-- Returns json: { nowMs, next, unserved, holds }, each hold as hold_json() writes it; next is null on the last page.
-- unserved: other wallets with undecided holds, on the first page, at most 100.
CREATE FUNCTION :schema.claim(
  owner text, asked text[], older_than_ms bigint, lease_ms bigint, after bigint, most integer, unserved_for_ms bigint
) RETURNS text
LANGUAGE plpgsql
SET search_path = :schema, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  now_ms CONSTANT bigint := now_ms();
  since_ms CONSTANT bigint := now_ms - older_than_ms;
  until_seq CONSTANT bigint := seq_at(since_ms + 1);
  found_references text[];
  last bigint;
  page text[];
  unserved text[] := '{}';
BEGIN
  PERFORM assert_read_committed();
  IF most > 0 THEN
    SELECT array_agg(f.reference), max(f.seq) INTO found_references, last
    FROM (
      SELECT f.seq, f.reference
      FROM (SELECT DISTINCT w.wallet FROM unnest(asked) w (wallet)) w
      CROSS JOIN LATERAL (
        SELECT h.seq, h.reference FROM holds h
        WHERE (h.state = 'sent' OR h.awaits_outcome) AND h.wallet = w.wallet COLLATE "C"
          AND h.seq > after AND h.seq < until_seq
          AND coalesce(h.sent_at_ms, h.created_at_ms) <= since_ms AND may_lease(h, owner, now_ms)
        ORDER BY h.seq LIMIT most
      ) f
      ORDER BY f.seq LIMIT most
    ) f;
    WITH free AS MATERIALIZED (
      SELECT h.reference FROM holds h WHERE h.reference = ANY (found_references) AND may_lease(h, owner, now_ms)
      FOR NO KEY UPDATE SKIP LOCKED
    ), leased AS (
      UPDATE holds h SET lease_owner = owner, lease_until_ms = now_ms + lease_ms
      FROM free f WHERE h.reference = f.reference RETURNING h.seq, hold_json(h) AS hold
    )
    SELECT array_agg(l.hold ORDER BY l.seq) INTO page FROM leased l;
  END IF;
  IF after = 0 THEN
    unserved := unserved(asked, now_ms - unserved_for_ms, 100);
  END IF;
  RETURN '{"nowMs":' || now_ms
    || ',"next":' || CASE WHEN most > 0 AND cardinality(found_references) = most THEN '"' || last || '"' ELSE 'null' END
    || ',"unserved":' || array_to_json(unserved)
    || ',"holds":[' || coalesce(array_to_string(page, ','), '') || ']}';
END
$$;

-- Wallets with undecided holds that no owner has had since a moment: the first ones by name.
--   served    wallets that are left out
--   since_ms  sent by then, and no lease ended later
--   most      how many at most
CREATE FUNCTION :schema.unserved(served text[], since_ms bigint, most integer) RETURNS text[]
LANGUAGE plpgsql
SET search_path = :schema, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  until_seq CONSTANT bigint := seq_at(since_ms + 1);
  -- In the order of the walk, so that each is compared once.
  passed CONSTANT text[] :=
    ARRAY(SELECT DISTINCT s.wallet COLLATE "C" AS wallet FROM unnest(served) s (wallet) ORDER BY 1);
  position integer := 1;
  candidate text COLLATE "C" := '';
  found text[] := '{}';
BEGIN
  LOOP
    candidate := (
      SELECT h.wallet FROM holds h WHERE (h.state = 'sent' OR h.awaits_outcome) AND h.wallet > candidate
      ORDER BY h.wallet LIMIT 1);
    EXIT WHEN candidate IS NULL OR cardinality(found) = most;
    WHILE passed[position] < candidate COLLATE "C" LOOP
      position := position + 1;
    END LOOP;
    CONTINUE WHEN passed[position] = candidate;
    IF EXISTS (
      SELECT FROM holds h WHERE (h.state = 'sent' OR h.awaits_outcome) AND h.wallet = candidate AND h.seq < until_seq
        AND coalesce(h.sent_at_ms, h.created_at_ms) <= since_ms AND coalesce(h.lease_until_ms, 0) <= since_ms
    ) THEN
      found := array_append(found, candidate);
    END IF;
  END LOOP;
  RETURN found;
END
$$;

-- Deletes finished holds of one state, and returns a json array: how many, and where to continue;
-- the wallet is null at the end.
--   finished         captured or released
--   older_than_ms    ended at least so long ago
--   unsent_older_ms  the same for those that were released without ever being sent, and did not fail
--   most             how many at most
--   at_wallet,       where the call before ended, or '' and 0
--   after
-- A capture that is not visible yet, or whose outcome is not known, stays.
CREATE FUNCTION :schema.delete_finished(finished text, older_than_ms bigint, unsent_older_ms bigint, most integer,
  at_wallet text, after bigint) RETURNS text
LANGUAGE plpgsql
SET search_path = :schema, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  now_ms CONSTANT bigint := now_ms();
  -- A capture was not released without being sent.
  youngest_ms CONSTANT bigint :=
    CASE finished WHEN 'released' THEN least(older_than_ms, unsent_older_ms) ELSE older_than_ms END;
  until_seq CONSTANT bigint := seq_at(now_ms - youngest_ms + 1);
  deleted integer := 0;
  count integer;
BEGIN
  PERFORM assert_read_committed();
  LOOP
    WITH found AS MATERIALIZED (
      SELECT h.reference FROM holds h
      WHERE h.state IN ('captured', 'released') AND h.state = finished COLLATE "C"
        AND h.wallet = at_wallet COLLATE "C" AND h.seq > after AND h.seq < until_seq
        AND h.due_at_ms IS NULL AND NOT h.awaits_outcome
        AND h.ended_at_ms <= now_ms - CASE
          WHEN h.state = 'released' AND NOT h.failed AND h.sent_at_ms IS NULL THEN unsent_older_ms
          ELSE older_than_ms END
      ORDER BY h.seq LIMIT most - deleted FOR UPDATE SKIP LOCKED
    ), gone AS (
      DELETE FROM holds h USING found f WHERE h.reference = f.reference RETURNING h.seq
    )
    SELECT count(*), coalesce(max(g.seq), after) INTO count, after FROM gone g;
    deleted := deleted + count;
    EXIT WHEN deleted = most;
    at_wallet := (
      SELECT h.wallet FROM holds h
      WHERE h.state IN ('captured', 'released') AND h.wallet > at_wallet COLLATE "C" ORDER BY h.wallet LIMIT 1);
    after := 0;
    EXIT WHEN at_wallet IS NULL;
  END LOOP;
  RETURN json_build_array(deleted, at_wallet, after::text);
END
$$;
