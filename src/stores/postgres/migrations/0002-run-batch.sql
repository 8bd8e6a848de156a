-- Needs 0001-store.sql, and is applied as it is.
INSERT INTO :schema.migrations (number) VALUES (2);

-- A hold as the client reads it. Amounts are texts: JSON numbers are not exact in JavaScript.
CREATE FUNCTION :schema.hold_json(hold :schema.holds) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT json_build_array(hold.reference, hold.wallet, hold.state, hold.amount::text, hold.captured_amount::text,
    hold.currency, hold.exponent, hold.created_at_ms, hold.expires_at_ms, hold.sent_at_ms, hold.sends_until_ms,
    hold.ended_at_ms, hold.visible_at_ms, hold.turn, hold.failed, hold.awaits_outcome, hold.attempt, hold.sender,
    hold.fingerprint, hold.metadata, hold.day, hold.payee)::text
$$;

-- A reservation whose time is over, as it will be written down.
CREATE FUNCTION :schema.expired(hold :schema.holds) RETURNS :schema.holds
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  hold.state := 'released';
  hold.ended_at_ms := hold.due_at_ms;
  hold.expires_at_ms := NULL;
  hold.due_at_ms := NULL;
  RETURN hold;
END
$$;

-- The outcome of a request to move a hold on, by its own attempt or by none: done | late | already | illegal. The same
-- table as transition() in core/hold.ts, which explains it.
CREATE FUNCTION :schema.transition(
  state text, failed boolean, awaits_outcome boolean, target text, names_attempt boolean
) RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
    WHEN state IN ('reserved', 'sent') AND target IN ('captured', 'released', 'failed') THEN 'done'
    WHEN target IN ('reserved', 'sent') THEN CASE state WHEN 'reserved' THEN 'done' ELSE 'illegal' END
    WHEN target = 'returned' THEN CASE state WHEN 'sent' THEN 'done' WHEN 'captured' THEN 'already' ELSE 'illegal' END
    WHEN target = state THEN 'already'
    WHEN target = 'captured' THEN CASE WHEN names_attempt THEN 'late' ELSE 'illegal' END
    WHEN target = 'released' THEN 'illegal'
    ELSE CASE WHEN state = 'released' OR awaits_outcome OR failed THEN 'already' ELSE 'illegal' END
  END
$$;

-- The share of a hold in daily limits.
CREATE FUNCTION :schema.counted(hold :schema.holds) RETURNS numeric
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
    WHEN hold.state IN ('reserved', 'sent') THEN hold.amount
    WHEN hold.state = 'captured' THEN hold.captured_amount
    ELSE 0
  END
$$;

-- The counters of a day for a wallet and a payee, if there is one, as texts.
CREATE FUNCTION :schema.counter_keys(wallet text, day integer, payee text) RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
    WHEN payee IS NULL THEN ARRAY[wallet || E'\n' || day || E'\n']
    ELSE ARRAY[wallet || E'\n' || day || E'\n', wallet || E'\n' || day || E'\n' || payee]
  END
$$;

-- A column of so many rows: one element stands for all.
CREATE FUNCTION :schema.filled(given anyarray, count integer) RETURNS anyarray
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN cardinality(given) = 1 THEN array_fill(given[1], ARRAY[count]) ELSE given END $$;

-- Runs a batch of operations: one statement, one round trip, whatever is in it.
--
--   ops           json array; kind is totals | hold | settle | get | restore | freeze, the rest as in the
--                 list of columns in the loop below. Operations with the same reference are next to each other.
--   new_*         columns of the holds whose references occur nowhere else in the batch, which must then have no
--                 restore. Mostly they are new, and all fit, and go into the table as they are. Amounts
--                 are positive, new_epoch is that of all of them, new_lasts_ms is the lifetime of a reservation and the
--                 time to send of a sent hold, new_fingerprints is null if there are none. new_wallets, new_states,
--                 new_limits, new_lasts_ms, new_currencies and new_exponents may have one element for all holds:
--                 reading arrays is a good part of the cost of a hold.
--   new_day_limits  null if none of them has daily limits; else for each of them null, or json as `limits` in the loop
--                 below
--   policy        of a batch of holds, which is all there is then, in new_*: 'all' grants each of them or none, 'fit'
--                 those that can be; else null
--   from_reference, from_attempt
--                 the hold that their amounts leave, whose limit is then above any sum; or null
--   changes       wallets that hold, restore and freeze may change, and those of attempts that are undone
--   reads         wallets that totals reads
--   settles, gets references of settle and of get
--   seen_epoch,   the last epoch and position that this process saw, or null: the server must not be behind them
--   seen_lsn
--   recovery_ms   how long nothing is approved after a new epoch
--   batch_epoch,  the only epoch in which the batch may be executed, and the last time at which it may be; null if it
--   not_after_ms  only reads, or is part of a transaction of the application
--   lock_ms       longest wait for a lock, and for all locks before anything is decided; then 55P03
--                 lock_not_available, and nothing has happened
--   is_inside     part of a transaction of the application, which keeps its locks: waits for the wallets, in turn
--
-- Returns json: { epoch, nowMs, recoveringForMs, lsn, held, answers, granted, source }.
-- granted: with a policy, whether the batch was granted; if not, nothing was changed, and no hold in it was granted.
-- source: the hold of from_reference.
-- held: [wallet, active, captured] of each wallet before the new holds, all of which were granted, and before
-- everything else; or null, and their answers come after those of ops.
-- answers: null if the batch was not executed, in another epoch or too late; else for each operation, in their order:
--   any but get  "busy": a transaction of the application has locked the wallet, and nothing was done
--   totals    [active, captured], followed by since, reason while the wallet is frozen
--   hold      ["held" | "insufficient" | "stale_epoch", active, captured] | ["recovering"] | ["exists", hold]
--             | ["frozen", since, reason] | ["held", active, captured, hold]
--             | ["stale_day"] | ["limits_unknown", since] | ["over_limit", "perPayee" or "perDay", what is counted]
--             with a hold, if the reference was held before: by an attempt that was released, or by this very attempt
--   settle    ["done" | "late" | "already" | "illegal", hold] | ["unknown"] | ["frozen", since, reason]
--             | ["insufficient" | "stale_epoch", active, captured]
--   get       hold | null
--   restore, freeze, acceptLimits  null
-- where hold is as hold_json() writes it.
--
-- Atomic, because the rows of all wallets that it may change are locked first, and read after that. Batches first wait
-- for each other, in one order, for locks that only they take: those end with one statement. A row that is still locked
-- then belongs to a transaction of the application, may stay locked for long, and is left out. Only within such a
-- transaction rows are waited for, in the order of their names. Rows of new references are inserted after all wallets
-- are locked, in order too. No two batches can wait for each other, so there are no deadlocks, and READ COMMITTED is
-- enough.
--
-- Decisions are made in memory, reads and writes go by sets: an operation costs some microseconds, not a statement. New
-- references are found to be new by inserting them, which costs a third less than a query first.
CREATE FUNCTION :schema.run_batch(
  ops text, changes text[], reads text[], settles text[], gets text[],
  new_epoch text, new_references text[], new_wallets text[], new_attempts text[], new_states text[],
  new_amounts numeric[], new_limits numeric[], new_lasts_ms bigint[], new_currencies text[], new_exponents smallint[],
  new_fingerprints text[], new_metadata text[], new_day_limits text[],
  policy text, from_reference text, from_attempt text, seen_epoch text, seen_lsn text, recovery_ms bigint,
  batch_epoch text, not_after_ms bigint, lock_ms integer, is_inside boolean
) RETURNS text
LANGUAGE plpgsql
SET search_path = :schema, pg_temp
-- Plans are made while the tables are small and kept when they are large: only those that stay good are allowed.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
-- A plan that is not allowed counts as so costly that it would be compiled, which takes a second.
SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  batch CONSTANT json := ops::json;
  lock_timeout_before CONSTANT text := current_setting('lock_timeout');
  now_ms bigint;
  here CONSTANT text := place();
  lsn CONSTANT pg_lsn := written();
  memory store;
  recovering_for_ms bigint;

  -- The wallets of the batch; those that are only read come after those that are locked.
  names text[];
  actives numeric[];
  captureds numeric[];
  epochs text[];
  changed boolean[];
  frozen_ats bigint[];
  frozen_fors text[];
  locked integer;
  -- Those that could not be locked.
  busy text[];
  -- The latest time that was kept in them.
  clock_ms bigint;
  -- The same before any decision, for another try.
  actives_before numeric[];
  captureds_before numeric[];
  frozen_ats_before bigint[];
  frozen_fors_before text[];

  -- True if the new holds go into the table without a decision on each.
  is_fast boolean := cardinality(new_references) > 0 AND new_day_limits IS NULL;
  op record;
  hold holds;
  -- True if the hold has a row already.
  known_before boolean;
  given holds;
  -- The last number of the order that was given to a hold.
  number bigint;
  is_sent boolean;
  is_same boolean;
  is_again boolean;
  ends_at_ms bigint;
  is_changed boolean := false;
  at integer;
  inserts holds[];
  updates holds[];
  answers text[];
  answer text;
  refusal text;
  held text;
  written bigint;
  is_first_try boolean := true;

  -- Counters of daily limits that were read, by their keys, and what they count now. Changes wait until the next hold
  -- with limits, or the end.
  counters text[];
  counts numeric[];
  waiting text[];
  waiting_amounts numeric[];
  keys text[];
  counted_before numeric;
  limits json;
  starts_ms bigint;
  nth integer;
  -- Counters of days before this one are kept no longer: the day is over in every time zone.
  first_kept_day integer;

  -- Of a batch with a policy: the hold that the amounts leave, the sum that was taken, and how many were held.
  source holds;
  taken numeric;
  granted_holds integer;
  is_granted boolean;
  changed_before boolean[];
  latest CONSTANT timestamptz := statement_timestamp() + lock_ms * interval '1 millisecond';
BEGIN
  IF NOT is_inside THEN
    PERFORM assert_read_committed();
  END IF;
  PERFORM make_durable();
  PERFORM set_config('lock_timeout', lock_ms::text, true);
  IF cardinality(new_references) > 1 THEN
    new_wallets := filled(new_wallets, cardinality(new_references));
    new_states := filled(new_states, cardinality(new_references));
    new_limits := filled(new_limits, cardinality(new_references));
    new_lasts_ms := filled(new_lasts_ms, cardinality(new_references));
    new_currencies := filled(new_currencies, cardinality(new_references));
    new_exponents := filled(new_exponents, cardinality(new_references));
  END IF;

  -- If data was lost, or may have gone back in time, a new epoch begins in this same step. A store that is new to this
  -- server, but not to this process, has taken the place of one that was lost.
  SELECT * INTO memory FROM store;
  now_ms := server_ms() + coalesce(memory.offset_ms, 0);
  IF NOT FOUND OR memory.place <> here OR (memory.epoch = seen_epoch AND lsn < seen_lsn::pg_lsn)
      OR (memory.born_at_ms = 0 AND memory.epoch <> seen_epoch) THEN
    -- If the clock of this server is behind, the time continues from the latest that was kept, or the recovery would be
    -- over as soon as it catches up.
    clock_ms := (SELECT max(w.clock_ms) FROM wallets w);
    INSERT INTO store (epoch, born_at_ms, place, offset_ms, counts_since_ms)
      VALUES (gen_random_uuid()::text, greatest(now_ms, clock_ms), here, greatest(0, clock_ms - now_ms),
        greatest(now_ms, clock_ms))
      ON CONFLICT DO NOTHING;
    -- Another process may have done it meanwhile.
    SELECT * INTO memory FROM store FOR UPDATE;
    IF memory.place <> here OR (memory.epoch = seen_epoch AND lsn < seen_lsn::pg_lsn)
        OR (memory.born_at_ms = 0 AND memory.epoch <> seen_epoch) THEN
      now_ms := server_ms() + memory.offset_ms;
      UPDATE store s SET epoch = gen_random_uuid()::text, born_at_ms = greatest(now_ms, clock_ms), place = here,
          offset_ms = s.offset_ms + greatest(0, clock_ms - now_ms),
          counts_since_ms = CASE
            WHEN is_restart(s.place, here) AND (s.epoch = seen_epoch AND lsn < seen_lsn::pg_lsn) IS NOT TRUE
              AND (s.born_at_ms = 0 AND s.epoch <> seen_epoch) IS NOT TRUE THEN s.counts_since_ms
            ELSE greatest(now_ms, clock_ms)
          END
        RETURNING * INTO memory;
    END IF;
    now_ms := server_ms() + memory.offset_ms;
  END IF;

  -- The wallets to lock. The wallet of a hold never changes, so it may be read before.
  IF cardinality(settles) > 0 THEN
    changes := changes || ARRAY(SELECT h.wallet FROM holds h WHERE h.reference = ANY (settles));
  END IF;
  -- A wallet that is only read is not locked, unless something in it is due.
  IF cardinality(gets) > 0 THEN
    changes := changes
      || ARRAY(SELECT h.wallet FROM holds h WHERE h.reference = ANY (gets) AND h.due_at_ms <= now_ms);
  END IF;
  IF cardinality(reads) > 0 THEN
    changes := changes || ARRAY(
      SELECT r.wallet FROM unnest(reads) r (wallet) LEFT JOIN wallets w ON w.wallet = r.wallet COLLATE "C"
      WHERE w.epoch IS DISTINCT FROM memory.epoch
        OR EXISTS (SELECT FROM holds h WHERE h.wallet = r.wallet COLLATE "C" AND h.due_at_ms <= now_ms));
  END IF;

  IF cardinality(changes) > 0 THEN
    IF NOT is_inside THEN
      PERFORM pg_advisory_xact_lock(l.key) FROM (
        SELECT DISTINCT 'wallets'::regclass::oid::bigint << 8 | hashtext(c.wallet) & 255 AS key
        FROM unnest(changes) c (wallet) ORDER BY 1) l;
    END IF;
    IF EXISTS (SELECT FROM unnest(changes) c (wallet) LEFT JOIN wallets w ON w.wallet = c.wallet COLLATE "C"
               WHERE w.wallet IS NULL) THEN
      INSERT INTO wallets (wallet)
        SELECT DISTINCT c.wallet COLLATE "C" FROM unnest(changes) c (wallet) ORDER BY 1
        ON CONFLICT DO NOTHING;
    END IF;
    IF is_inside THEN
      PERFORM FROM wallets w WHERE w.wallet = ANY (changes) ORDER BY w.wallet FOR NO KEY UPDATE;
    END IF;
    SELECT array_agg(l.wallet), array_agg(l.active), array_agg(l.captured), array_agg(l.epoch),
        array_agg(l.frozen_at_ms), array_agg(l.frozen_for), max(l.clock_ms)
      INTO names, actives, captureds, epochs, frozen_ats, frozen_fors, clock_ms
      FROM (SELECT w.* FROM wallets w WHERE w.wallet = ANY (changes) ORDER BY w.wallet FOR NO KEY UPDATE SKIP LOCKED) l;
    -- Each lock was waited for in turn, and the caller does not wait for their sum.
    IF clock_timestamp() > latest THEN
      RAISE EXCEPTION 'too late' USING ERRCODE = 'lock_not_available';
    END IF;
    -- A call that is taking one of the new references is waited for with what is left of the time.
    PERFORM set_config('lock_timeout',
      greatest(1, ceil(extract(epoch FROM latest - clock_timestamp()) * 1000))::integer::text, true);
    now_ms := server_ms() + memory.offset_ms;
    -- The clock runs back, or that of another server is behind: the time of the store continues from where it was.
    IF now_ms < clock_ms THEN
      UPDATE store s SET offset_ms = greatest(s.offset_ms, memory.offset_ms + clock_ms - now_ms)
        RETURNING s.offset_ms INTO memory.offset_ms;
      now_ms := clock_ms;
    END IF;
    number := nextval('hold_sequence') & 2097151;
    IF cardinality(names) IS DISTINCT FROM (SELECT count(DISTINCT c.wallet) FROM unnest(changes) c (wallet)) THEN
      busy := ARRAY(SELECT c.wallet FROM unnest(changes) c (wallet) WHERE c.wallet = ANY (names) IS NOT TRUE);
    END IF;
  END IF;
  locked := coalesce(cardinality(names), 0);
  changed := array_fill(false, ARRAY[locked]);

  -- Its caller has given up, or will: nothing may be left of it. The epoch may have ended while locks were waited for.
  IF batch_epoch IS NOT NULL
      AND (now_ms > not_after_ms OR batch_epoch IS DISTINCT FROM (SELECT s.epoch FROM store s)) THEN
    SELECT * INTO memory FROM store;
    recovering_for_ms := greatest(0, memory.born_at_ms + recovery_ms - now_ms);
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    RETURN '{"epoch":' || to_json(memory.epoch)::text || ',"nowMs":' || now_ms
      || ',"recoveringForMs":' || recovering_for_ms || ',"lsn":' || coalesce('"' || lsn || '"', 'null')
      || ',"held":null,"answers":null}';
  END IF;

  -- The first time in an epoch, the active amount is added up from the holds. Reservations end with their epoch: one in
  -- older data may have ended long ago, and its money may be promised to another payout.
  FOR i IN 1 .. locked LOOP
    CONTINUE WHEN epochs[i] = memory.epoch;
    WITH over AS (
      UPDATE holds h SET state = 'released', ended_at_ms = now_ms, expires_at_ms = NULL, due_at_ms = NULL
        WHERE h.wallet = names[i] AND h.due_at_ms IS NOT NULL AND h.state = 'reserved'
        RETURNING h.wallet, h.day, h.payee, h.amount
    )
    UPDATE day_counters d SET used = d.used - g.amount
    FROM (
      SELECT o.wallet, o.day, p.payee, sum(o.amount) AS amount
      FROM over o CROSS JOIN LATERAL (VALUES (''), (o.payee)) p (payee)
      WHERE o.day IS NOT NULL AND p.payee IS NOT NULL GROUP BY o.wallet, o.day, p.payee
    ) g
    WHERE d.wallet = g.wallet AND d.day = g.day AND d.payee = g.payee COLLATE "C";
    actives[i] := (
      SELECT coalesce(sum(a.amount), 0) FROM (
        SELECT h.amount FROM holds h WHERE h.wallet = names[i] AND h.state = 'sent'
        UNION ALL
        SELECT CASE h.state WHEN 'captured' THEN h.captured_amount ELSE h.amount END FROM holds h
          WHERE h.wallet = names[i] AND h.due_at_ms IS NOT NULL
      ) a);
    changed[i] := true;
  END LOOP;

  -- Holds that are due change now, at most 1,000 at a time. The rest counts as active meanwhile, which is the safe
  -- side.
  IF locked > 0 AND EXISTS (SELECT FROM holds h WHERE h.wallet = ANY (names) AND h.due_at_ms <= now_ms) THEN
    FOR op IN
      WITH due AS (
        SELECT h.reference, h.state FROM holds h WHERE h.wallet = ANY (names) AND h.due_at_ms <= now_ms LIMIT 1000
      ), done AS (
        UPDATE holds h SET
          state = CASE due.state WHEN 'reserved' THEN 'released' ELSE due.state END,
          ended_at_ms = CASE due.state WHEN 'reserved' THEN h.due_at_ms ELSE h.ended_at_ms END,
          expires_at_ms = NULL,
          due_at_ms = NULL
        FROM due WHERE h.reference = due.reference
        RETURNING h.wallet, CASE h.state WHEN 'released' THEN h.amount ELSE h.captured_amount END AS counted,
          CASE h.state WHEN 'released' THEN 0 ELSE h.captured_amount END AS visible,
          h.day, h.payee, CASE h.state WHEN 'released' THEN h.amount END AS given_back
      ), uncounted AS (
        UPDATE day_counters d SET used = d.used - g.amount
        FROM (
          SELECT o.wallet, o.day, p.payee, sum(o.given_back) AS amount
          FROM done o CROSS JOIN LATERAL (VALUES (''), (o.payee)) p (payee)
          WHERE o.day IS NOT NULL AND o.given_back IS NOT NULL AND p.payee IS NOT NULL
          GROUP BY o.wallet, o.day, p.payee
        ) g
        WHERE d.wallet = g.wallet AND d.day = g.day AND d.payee = g.payee COLLATE "C"
      )
      SELECT d.wallet, sum(d.counted) AS counted, sum(d.visible) AS visible FROM done d GROUP BY d.wallet
    LOOP
      at := array_position(names, op.wallet);
      actives[at] := actives[at] - op.counted;
      captureds[at] := captureds[at] + op.visible;
      changed[at] := true;
    END LOOP;
  END IF;

  IF cardinality(reads) > 0 THEN
    FOR op IN SELECT w.wallet, w.active, w.captured, w.frozen_at_ms, w.frozen_for FROM wallets w
      WHERE w.wallet = ANY (reads) AND (locked = 0 OR w.wallet <> ALL (names))
    LOOP
      names := array_append(names, op.wallet);
      actives := array_append(actives, op.active);
      captureds := array_append(captureds, op.captured);
      frozen_ats := array_append(frozen_ats, op.frozen_at_ms);
      frozen_fors := array_append(frozen_fors, op.frozen_for);
    END LOOP;
  END IF;

  -- At most the window: a batch that only reads may see the clock behind.
  recovering_for_ms := least(recovery_ms, greatest(0, memory.born_at_ms + recovery_ms - now_ms));
  actives_before := actives;
  captureds_before := captureds;
  frozen_ats_before := frozen_ats;
  frozen_fors_before := frozen_fors;
  changed_before := changed;
  first_kept_day := now_ms / 86400000 - 3;

  LOOP
    BEGIN
      actives := actives_before;
      captureds := captureds_before;
      frozen_ats := frozen_ats_before;
      frozen_fors := frozen_fors_before;
      inserts := '{}';
      updates := '{}';
      answers := '{}';
      changed := changed_before;
      hold := NULL;
      is_changed := false;
      taken := 0;
      granted_holds := 0;
      counters := '{}';
      counts := '{}';
      waiting := '{}';
      waiting_amounts := '{}';
      is_granted := true;
      IF from_reference IS NOT NULL THEN
        SELECT h.* INTO source FROM holds h WHERE h.reference = from_reference COLLATE "C";
        -- Due, but beyond the number above: it still counts as active.
        IF source.state = 'reserved' AND source.due_at_ms <= now_ms THEN source := expired(source); END IF;
      END IF;

      IF is_fast THEN
        is_fast := is_first_try AND new_epoch = memory.epoch AND recovering_for_ms = 0 AND from_reference IS NULL;
        FOR op IN SELECT n.wallet, sum(n.amount) AS amount, min(n.max) AS max
          FROM unnest(new_wallets, new_amounts, new_limits) n (wallet, amount, max) GROUP BY n.wallet
        LOOP
          at := array_position(names, op.wallet);
          -- If all of a wallet fit within the lowest limit, each fits, in whatever order they are taken.
          is_fast := is_fast AND frozen_ats[at] IS NULL
            AND coalesce(at <= locked AND actives[at] + captureds[at] + op.amount <= op.max, false);
          EXIT WHEN NOT is_fast;
          actives[at] := actives[at] + op.amount;
          changed[at] := true;
        END LOOP;
        IF is_fast THEN
          -- The reference comes first, because sorting by a column that follows others costs more.
          INSERT INTO holds (reference, seq, created_at_ms, expires_at_ms, sent_at_ms, sends_until_ms, due_at_ms,
              exponent, wallet, state, amount, currency, attempt, fingerprint, metadata)
            SELECT n.reference, (now_ms << 21) + number + n.position, now_ms,
              CASE n.state WHEN 'reserved' THEN now_ms + n.lasts_ms END,
              CASE n.state WHEN 'sent' THEN now_ms END,
              CASE n.state WHEN 'sent' THEN now_ms + n.lasts_ms END,
              CASE n.state WHEN 'reserved' THEN now_ms + n.lasts_ms END,
              n.exponent, n.wallet, n.state, n.amount, n.currency, n.attempt, n.fingerprint, n.metadata::json
            FROM unnest(new_references, new_wallets, new_attempts, new_states, new_amounts, new_lasts_ms,
                new_currencies, new_exponents, new_fingerprints, new_metadata) WITH ORDINALITY
              n (reference, wallet, attempt, state, amount, lasts_ms, currency, exponent, fingerprint, metadata,
                position)
            ORDER BY n.reference COLLATE "C";
          number := number + cardinality(new_references);
          EXIT WHEN json_array_length(batch) = 0;
        ELSE
          actives := actives_before;
        END IF;
      END IF;

      FOR op IN
        SELECT o.*, h AS row
        FROM (
          SELECT * FROM json_to_recordset(batch) AS o (
            kind text, n integer, reference text, attempt text,
            -- hold, restore
            wallet text, amount numeric, currency text, exponent smallint, fingerprint text, metadata text,
            -- hold, and settle: how long a reservation lasts, or sending may take; a check
            state text, lasts_ms bigint, epoch text, max numeric,
            -- settle
            target text, actual numeric, visible_in_ms bigint, awaits_outcome boolean, not_sent boolean, sender text,
            -- restore: the other columns of the hold
            record json,
            -- freeze
            since_ms bigint, reason text,
            -- hold: { day, startMs, endMs, perDay?, payee?, perPayee?, sinceStart? }, amounts as texts
            limits json)
          UNION ALL
          SELECT 'hold', 10000 + n.position, n.reference, n.attempt, n.wallet, n.amount, n.currency, n.exponent,
            n.fingerprint, n.metadata, n.state, n.lasts_ms, new_epoch, n.max,
            NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, n.limits::json
          FROM unnest(new_references, new_wallets, new_attempts, new_states, new_amounts, new_limits, new_lasts_ms,
              new_currencies, new_exponents, new_fingerprints, new_metadata, new_day_limits) WITH ORDINALITY
            n (reference, wallet, attempt, state, amount, max, lasts_ms, currency, exponent, fingerprint, metadata,
              limits, position)
          WHERE NOT is_fast
        ) o LEFT JOIN holds h ON h.reference = o.reference COLLATE "C"
        ORDER BY o.n
      LOOP
        -- The next reference: the result of the one before is kept, to be written.
        IF op.reference IS DISTINCT FROM hold.reference THEN
          IF is_changed THEN
            IF known_before THEN updates := array_append(updates, hold);
            ELSE inserts := array_append(inserts, hold);
            END IF;
            is_changed := false;
          END IF;
          hold := op.row;
          known_before := hold.reference IS NOT NULL;
          -- A lease is given without the lock of the wallet, so it is not known here. 0 ends it.
          hold.lease_until_ms := NULL;
        END IF;
        IF busy IS NOT NULL AND op.kind <> 'get' AND coalesce(hold.wallet, op.wallet) = ANY (busy) THEN
          answers := array_append(answers, '"busy"');
          CONTINUE;
        END IF;
        at := CASE WHEN cardinality(names) = 1 AND names[1] = coalesce(hold.wallet, op.wallet) THEN 1
          ELSE array_position(names, coalesce(hold.wallet, op.wallet)) END;

        -- Due, but beyond the number above, or since.
        IF hold.due_at_ms <= now_ms AND at <= locked THEN
          IF hold.state = 'reserved' THEN
            actives[at] := actives[at] - hold.amount;
            IF hold.day >= first_kept_day THEN
              keys := counter_keys(hold.wallet, hold.day, hold.payee);
              waiting := waiting || keys;
              waiting_amounts := waiting_amounts || array_fill(-hold.amount, ARRAY[cardinality(keys)]);
            END IF;
            hold := expired(hold);
          ELSE
            actives[at] := actives[at] - hold.captured_amount;
            captureds[at] := captureds[at] + hold.captured_amount;
            hold.due_at_ms := NULL;
          END IF;
          is_changed := true;
          changed[at] := true;
        END IF;

        IF op.kind = 'hold' THEN
          is_same := hold.wallet = op.wallet AND hold.amount = op.amount
            AND hold.fingerprint IS NOT DISTINCT FROM op.fingerprint;
          -- A request that its own attempt repeats, as it was granted: no other handle was given to send it.
          IF is_same AND hold.attempt = op.attempt AND hold.state = op.state AND hold.sender IS NULL THEN
            answers := array_append(answers, '["held","' || (actives[at] - hold.amount)::text || '","'
              || captureds[at]::text || '",' || hold_json(hold) || ']');
            granted_holds := granted_holds + 1;
            CONTINUE;
          END IF;
          -- Only the same payout, if it certainly was not sent, by another attempt.
          IF hold.reference IS NOT NULL
              AND (NOT is_same OR hold.state <> 'released' OR hold.failed OR hold.attempt = op.attempt) THEN
            -- In another wallet, which is not locked, a reservation may be over without that being written down.
            IF hold.state = 'reserved' AND hold.due_at_ms <= now_ms THEN hold := expired(hold); END IF;
            answers := array_append(answers, '["exists",' || hold_json(hold) || ']');
            CONTINUE;
          END IF;
          -- Impossible, because a wallet that is to be changed is locked. Comparing with null would approve.
          IF at IS NULL OR at > locked THEN
            RAISE EXCEPTION 'a wallet disappeared' USING ERRCODE = 'lock_not_available';
          END IF;
          IF frozen_ats[at] IS NOT NULL THEN
            answers := array_append(answers, json_build_array('frozen', frozen_ats[at], frozen_fors[at])::text);
            CONTINUE;
          ELSIF op.epoch = memory.epoch AND recovering_for_ms > 0 THEN
            answers := array_append(answers, '["recovering"]');
            CONTINUE;
          END IF;
          limits := CASE WHEN op.epoch = memory.epoch THEN op.limits END;
          IF limits IS NOT NULL THEN
            starts_ms := (limits->>'startMs')::bigint;
            keys := counter_keys(op.wallet, (limits->>'day')::integer, limits->>'payee');
            waiting := waiting || keys;
            waiting_amounts := waiting_amounts || array_fill(0::numeric, ARRAY[cardinality(keys)]);
            FOR i IN 1 .. cardinality(waiting) LOOP
              nth := array_position(counters, waiting[i]);
              IF nth IS NULL THEN
                counters := array_append(counters, waiting[i]);
                counts := array_append(counts, coalesce((SELECT d.used FROM day_counters d
                  WHERE d.wallet = split_part(waiting[i], E'\n', 1) COLLATE "C"
                    AND d.day = split_part(waiting[i], E'\n', 2)::integer
                    AND d.payee = split_part(waiting[i], E'\n', 3) COLLATE "C"), 0));
                nth := cardinality(counters);
              END IF;
              counts[nth] := counts[nth] + waiting_amounts[i];
            END LOOP;
            waiting := '{}';
            waiting_amounts := '{}';
            answer := NULL;
            nth := array_position(counters, keys[cardinality(keys)]);
            IF now_ms < starts_ms OR now_ms >= (limits->>'endMs')::bigint THEN
              answer := '["stale_day"]';
            ELSIF memory.counts_since_ms > starts_ms AND (limits->>'sinceStart')::boolean IS NOT TRUE
                AND (SELECT w.limits_epoch FROM wallets w WHERE w.wallet = op.wallet COLLATE "C")
                  IS DISTINCT FROM memory.epoch THEN
              answer := '["limits_unknown",' || memory.counts_since_ms || ']';
            ELSIF cardinality(keys) = 2 AND counts[nth] + op.amount > (limits->>'perPayee')::numeric THEN
              answer := '["over_limit","perPayee","' || counts[nth]::text || '"]';
            ELSE
              nth := array_position(counters, keys[1]);
              IF counts[nth] + op.amount > (limits->>'perDay')::numeric THEN
                answer := '["over_limit","perDay","' || counts[nth]::text || '"]';
              END IF;
            END IF;
            IF answer IS NOT NULL THEN
              answers := array_append(answers, answer);
              CONTINUE;
            END IF;
          END IF;
          IF op.epoch <> memory.epoch THEN
            answer := 'stale_epoch';
          ELSIF actives[at] + captureds[at] + op.amount > op.max THEN
            answer := 'insufficient';
          ELSE
            answer := 'held';
          END IF;
          IF answer <> 'held' THEN
            answers := array_append(answers,
              '["' || answer || '","' || actives[at]::text || '","' || captureds[at]::text || '"]');
            CONTINUE;
          END IF;
          is_again := hold.reference IS NOT NULL;
          number := number + 1;
          is_sent := op.state = 'sent';
          ends_at_ms := now_ms + op.lasts_ms;
          -- In the order of the columns: field by field is three times as slow.
          hold := ROW((now_ms << 21) + number, now_ms, op.exponent, coalesce(hold.turn, 0) + 1, false, false,
            op.reference, op.wallet, op.state, op.amount, op.currency, op.attempt, op.metadata::json,
            CASE WHEN NOT is_sent THEN ends_at_ms END, CASE WHEN NOT is_sent THEN ends_at_ms END,
            CASE WHEN is_sent THEN now_ms END, CASE WHEN is_sent THEN ends_at_ms END,
            NULL, NULL, NULL, NULL, op.fingerprint, (limits->>'day')::integer, limits->>'payee',
            NULL, CASE WHEN is_again THEN 0 END);
          IF limits IS NOT NULL THEN
            waiting := keys;
            waiting_amounts := array_fill(op.amount, ARRAY[cardinality(keys)]);
          END IF;
          answers := array_append(answers, '["held","' || actives[at]::text || '","' || captureds[at]::text || '"'
            || CASE WHEN is_again THEN ',' || hold_json(hold) ELSE '' END || ']');
          actives[at] := actives[at] + op.amount;
          taken := taken + op.amount;
          granted_holds := granted_holds + 1;

        ELSIF op.kind = 'totals' THEN
          answers := array_append(answers, CASE WHEN frozen_ats[at] IS NULL
            THEN '["' || actives[at]::text || '","' || captureds[at]::text || '"]'
            ELSE json_build_array(actives[at]::text, captureds[at]::text, frozen_ats[at], frozen_fors[at])::text END);
          CONTINUE;

        ELSIF op.kind = 'acceptLimits' THEN
          UPDATE wallets w SET limits_epoch = memory.epoch WHERE w.wallet = op.wallet COLLATE "C";
          answers := array_append(answers, 'null');
          CONTINUE;

        ELSIF op.kind = 'freeze' THEN
          answers := array_append(answers, 'null');
          frozen_ats[at] := CASE WHEN op.reason IS NOT NULL THEN coalesce(frozen_ats[at], op.since_ms, now_ms) END;
          frozen_fors[at] := op.reason;
          changed[at] := true;
          CONTINUE;

        ELSIF op.kind = 'get' THEN
          -- Its wallet may be locked by another transaction: what is over is not written down then.
          IF hold.state = 'reserved' AND hold.due_at_ms <= now_ms THEN hold := expired(hold); END IF;
          answers := array_append(answers, CASE WHEN hold.reference IS NULL THEN 'null' ELSE hold_json(hold) END);
          CONTINUE;

        ELSIF op.kind = 'settle' THEN
          -- An attempt that is undone: if it arrives later, the time must not be less than what is answered now.
          IF op.wallet IS NOT NULL THEN changed[array_position(names, op.wallet)] := true; END IF;
          -- A row that appeared after its wallet was read: as if this call had come before it.
          IF hold.reference IS NULL OR at IS NULL OR at > locked THEN
            answers := array_append(answers, '["unknown"]');
            CONTINUE;
          END IF;
          answer := CASE
            WHEN op.attempt <> hold.attempt THEN 'illegal'
            WHEN op.target = 'released' AND hold.state = 'sent' AND op.sender <> coalesce(hold.sender, hold.attempt)
              THEN 'illegal'
            ELSE transition(hold.state, hold.failed, hold.awaits_outcome, op.target, op.attempt IS NOT NULL)
          END;
          IF op.target = 'sent' AND answer = 'done' THEN
            IF frozen_ats[at] IS NOT NULL THEN
              answers := array_append(answers, json_build_array('frozen', frozen_ats[at], frozen_fors[at])::text);
              CONTINUE;
            ELSIF op.epoch IS NOT NULL THEN
              refusal := CASE
                WHEN op.epoch <> memory.epoch THEN 'stale_epoch'
                WHEN actives[at] + captureds[at] > op.max THEN 'insufficient'
              END;
              IF refusal IS NOT NULL THEN
                answers := array_append(answers,
                  '["' || refusal || '","' || actives[at]::text || '","' || captureds[at]::text || '"]');
                CONTINUE;
              END IF;
            END IF;
          END IF;

          IF answer IN ('done', 'late') THEN
            is_changed := true;
            counted_before := counted(hold);
            IF op.target IN ('captured', 'released', 'failed') THEN
              IF answer = 'done' THEN actives[at] := actives[at] - hold.amount; END IF;
              changed[at] := true;
              hold.expires_at_ms := NULL;
              hold.due_at_ms := NULL;
              hold.ended_at_ms := now_ms;
              IF op.target = 'captured' THEN
                hold.state := 'captured';
                hold.captured_amount := coalesce(op.actual, hold.amount);
                hold.awaits_outcome := coalesce(op.awaits_outcome, false);
                -- A late capture disproves the failure.
                hold.failed := false;
                IF op.visible_in_ms > 0 THEN
                  hold.due_at_ms := now_ms + op.visible_in_ms;
                  hold.visible_at_ms := hold.due_at_ms;
                  actives[at] := actives[at] + hold.captured_amount;
                ELSE
                  captureds[at] := captureds[at] + hold.captured_amount;
                END IF;
              ELSE
                hold.failed := op.target = 'failed' OR (hold.state = 'sent' AND op.not_sent IS NOT TRUE);
                hold.state := 'released';
              END IF;
            ELSIF op.target = 'sent' THEN
              hold.state := 'sent';
              hold.expires_at_ms := NULL;
              hold.due_at_ms := NULL;
              hold.sent_at_ms := now_ms;
              hold.sends_until_ms := now_ms + op.lasts_ms;
              hold.sender := op.sender;
            ELSIF op.target = 'reserved' THEN
              hold.expires_at_ms := now_ms + op.lasts_ms;
              hold.due_at_ms := hold.expires_at_ms;
            ELSE -- returned
              hold.sends_until_ms := least(hold.sends_until_ms, now_ms);
            END IF;
            IF hold.day >= first_kept_day AND counted(hold) <> counted_before THEN
              keys := counter_keys(hold.wallet, hold.day, hold.payee);
              waiting := waiting || keys;
              waiting_amounts := waiting_amounts
                || array_fill(counted(hold) - counted_before, ARRAY[cardinality(keys)]);
            END IF;
          ELSIF answer = 'already' AND op.target = 'failed' AND (NOT hold.failed OR hold.awaits_outcome) THEN
            hold.failed := true;
            hold.awaits_outcome := false;
            is_changed := true;
          ELSIF answer = 'already' AND op.target = 'captured'
              AND hold.awaits_outcome AND op.awaits_outcome IS NOT TRUE THEN
            hold.awaits_outcome := false;
            is_changed := true;
          END IF;
          IF hold.state <> 'sent' AND NOT hold.awaits_outcome THEN hold.lease_until_ms := 0; END IF;
          answers := array_append(answers, '["' || answer || '",' || hold_json(hold) || ']');
          CONTINUE;

        ELSE -- restore
          answers := array_append(answers, 'null');
          given := json_populate_record(NULL::holds, op.record);
          -- An existing row is corrected only where data went back behind what this process saw: the hold was taken
          -- since, or sent, or captured. Otherwise another process may have moved it on.
          IF hold.reference IS NOT NULL THEN
            CONTINUE WHEN hold.wallet <> op.wallet OR at > locked;
            IF hold.attempt <> op.attempt THEN
              -- Data went back in time to an earlier hold. After the recovery it may be this request that is late. No
              -- clock is compared: the two may be of different servers.
              CONTINUE WHEN hold.state = 'captured' OR hold.turn >= given.turn OR recovering_for_ms = 0;
            ELSIF given.state = 'captured' THEN
              CONTINUE WHEN hold.state = 'captured';
              -- Unless the payout is known to be made, a failure is its outcome: only the debit was lost.
              given.failed := given.failed OR (given.awaits_outcome AND hold.failed);
            ELSE
              CONTINUE WHEN given.state <> 'sent' OR hold.sent_at_ms IS NOT NULL OR hold.failed
                OR hold.state NOT IN ('reserved', 'released');
            END IF;
            IF hold.state IN ('reserved', 'sent') THEN actives[at] := actives[at] - hold.amount; END IF;
            IF hold.day >= first_kept_day AND counted(hold) > 0 THEN
              keys := counter_keys(hold.wallet, hold.day, hold.payee);
              waiting := waiting || keys;
              waiting_amounts := waiting_amounts || array_fill(-counted(hold), ARRAY[cardinality(keys)]);
            END IF;
          END IF;
          number := number + 1;
          given.seq := (given.created_at_ms << 21) + number;
          given.reference := op.reference;
          given.wallet := op.wallet;
          given.amount := op.amount;
          given.currency := op.currency;
          given.exponent := op.exponent;
          given.attempt := op.attempt;
          given.fingerprint := op.fingerprint;
          given.metadata := op.metadata::json;
          -- Restored after its time is over, a capture still counts as held until the next batch that finds it due.
          given.due_at_ms := CASE given.state
            WHEN 'captured' THEN coalesce(given.visible_at_ms, now_ms) WHEN 'reserved' THEN given.expires_at_ms END;
          given.awaits_outcome := given.awaits_outcome AND NOT given.failed;
          given.lease_until_ms := 0;
          hold := given;
          IF hold.day >= first_kept_day THEN
            keys := counter_keys(hold.wallet, hold.day, hold.payee);
            waiting := waiting || keys;
            waiting_amounts := waiting_amounts || array_fill(counted(hold), ARRAY[cardinality(keys)]);
          END IF;
          actives[at] := actives[at] + CASE hold.state WHEN 'captured' THEN hold.captured_amount ELSE hold.amount END;
        END IF;
        is_changed := true;
        changed[at] := true;
      END LOOP;

      IF is_changed THEN
        IF known_before THEN updates := array_append(updates, hold);
        ELSE inserts := array_append(inserts, hold);
        END IF;
      END IF;

      IF policy = 'all' THEN is_granted := granted_holds = cardinality(new_references); END IF;
      -- If the attempt asks again, nothing is taken: the source has given its share before.
      IF is_granted AND from_reference IS NOT NULL AND taken > 0 THEN
        at := array_position(names, new_wallets[1]);
        is_granted := coalesce(source.state = 'reserved' AND source.attempt = from_attempt
          AND source.wallet = new_wallets[1] AND source.amount >= taken, false);
        IF is_granted THEN
          actives[at] := actives[at] - taken;
          IF source.day >= first_kept_day THEN
            keys := counter_keys(source.wallet, source.day, source.payee);
            waiting := waiting || keys;
            waiting_amounts := waiting_amounts || array_fill(-taken, ARRAY[cardinality(keys)]);
          END IF;
          IF source.amount = taken THEN
            source.state := 'released';
            source.ended_at_ms := now_ms;
            source.expires_at_ms := NULL;
            source.due_at_ms := NULL;
          ELSE
            source.amount := source.amount - taken;
          END IF;
          source.lease_until_ms := NULL;
          updates := array_append(updates, source);
        END IF;
      END IF;
      IF NOT is_granted THEN
        inserts := '{}';
        updates := '{}';
        counters := '{}';
        waiting := '{}';
        actives := actives_before;
        captureds := captureds_before;
        changed := changed_before;
      END IF;

      IF cardinality(inserts) > 0 THEN
        INSERT INTO holds SELECT i.* FROM unnest(inserts) i ORDER BY i.reference;
      END IF;
      IF cardinality(updates) > 0 THEN
        UPDATE holds h SET
          seq = u.seq, created_at_ms = u.created_at_ms, expires_at_ms = u.expires_at_ms, sent_at_ms = u.sent_at_ms,
          sends_until_ms = u.sends_until_ms, ended_at_ms = u.ended_at_ms, due_at_ms = u.due_at_ms,
          visible_at_ms = u.visible_at_ms,
          lease_until_ms = CASE WHEN u.lease_until_ms IS NULL THEN h.lease_until_ms END,
          exponent = u.exponent, turn = u.turn, failed = u.failed, awaits_outcome = u.awaits_outcome,
          state = u.state, amount = u.amount, captured_amount = u.captured_amount, currency = u.currency,
          attempt = u.attempt, sender = u.sender, fingerprint = u.fingerprint, day = u.day, payee = u.payee,
          metadata = u.metadata
        FROM unnest(updates) u WHERE h.reference = u.reference;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written <> cardinality(updates) THEN
          RAISE EXCEPTION 'a row was deleted meanwhile' USING ERRCODE = 'unique_violation';
        END IF;
      END IF;
      EXIT;
    EXCEPTION WHEN unique_violation THEN
      -- A reference was not new, or another call has held it in another wallet meanwhile. Decided again with what is
      -- there. Each time another call has succeeded, so time is the only bound that is needed.
      is_first_try := false;
      IF clock_timestamp() > latest THEN
        RAISE EXCEPTION 'too late' USING ERRCODE = 'lock_not_available';
      END IF;
    END;
  END LOOP;

  IF cardinality(counters) + cardinality(waiting) > 0 THEN
    -- The wallets are locked, so no other transaction has changed what was read of their counters.
    INSERT INTO day_counters AS d (wallet, day, payee, used)
      SELECT split_part(k.key, E'\n', 1), split_part(k.key, E'\n', 2)::integer, split_part(k.key, E'\n', 3), sum(k.used)
      FROM (
        SELECT r.key, r.used - coalesce((SELECT d.used FROM day_counters d
            WHERE d.wallet = split_part(r.key, E'\n', 1) COLLATE "C" AND d.day = split_part(r.key, E'\n', 2)::integer
              AND d.payee = split_part(r.key, E'\n', 3) COLLATE "C"), 0) AS used
          FROM unnest(counters, counts) r (key, used)
        UNION ALL SELECT n.key, n.used FROM unnest(waiting, waiting_amounts) n (key, used)
      ) k
      GROUP BY k.key HAVING sum(k.used) <> 0 ORDER BY k.key COLLATE "C"
      ON CONFLICT (wallet, day, payee) DO UPDATE SET used = d.used + excluded.used;
    -- More than come, so that none pile up, and few, so that no batch takes long.
    DELETE FROM day_counters d
      WHERE (d.wallet, d.day, d.payee) IN (
        SELECT o.wallet, o.day, o.payee FROM day_counters o
        WHERE o.wallet = ANY (names[:locked]) AND o.day < first_kept_day
        LIMIT 4 * (cardinality(counters) + cardinality(waiting)));
  END IF;

  IF true = ANY (changed) THEN
    UPDATE wallets w SET active = n.active, captured = n.captured, epoch = memory.epoch, frozen_at_ms = n.frozen_at_ms,
        frozen_for = n.frozen_for, clock_ms = now_ms
      FROM unnest(names[:locked], actives[:locked], captureds[:locked], frozen_ats[:locked], frozen_fors[:locked],
          changed) n (wallet, active, captured, frozen_at_ms, frozen_for, changed)
      WHERE n.changed AND w.wallet = n.wallet COLLATE "C";
  END IF;
  IF is_fast THEN
    held := (SELECT json_agg(json_build_array(b.wallet, b.active::text, b.captured::text))
      FROM unnest(names[:locked], actives_before[:locked], captureds_before[:locked]) b (wallet, active, captured));
  END IF;
  PERFORM set_config('lock_timeout', lock_timeout_before, true);
  RETURN '{"epoch":' || to_json(memory.epoch)::text || ',"nowMs":' || now_ms
    || ',"recoveringForMs":' || recovering_for_ms || ',"lsn":' || coalesce('"' || lsn || '"', 'null')
    || ',"held":' || coalesce(held, 'null')
    || CASE WHEN policy IS NULL THEN '' ELSE ',"granted":' || is_granted::text || ',"source":'
      || CASE WHEN source.reference IS NULL THEN 'null' ELSE hold_json(source) END END
    || ',"answers":[' || array_to_string(answers, ',') || ']}';
END
$$;
