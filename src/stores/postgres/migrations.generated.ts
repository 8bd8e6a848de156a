// Made of migrations/*.sql by scripts/embed.mjs.
export const migrations: readonly string[] = [
  // 0001-store.sql
  `-- The tables of the store. migrate() applies these files, in the order of their numbers; psql does it as well:
--
--   psql -1 -v ON_ERROR_STOP=1 -v schema=payout_guard -c 'CREATE SCHEMA payout_guard' \\
--     -f 0001-store.sql -f 0002-run-batch.sql -f 0003-claim-and-delete.sql -f 0004-notes.sql
--
-- psql puts \`:schema\` in everywhere but in the bodies of functions, which is why each of them sets its search_path.
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
  -- The epoch in which \`active\` was last added up from the holds; it is added up again in the next one.
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
  -- json, not jsonb: it is kept as it was written, and jsonb refuses \\u0000.
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
`,
  // 0002-run-batch.sql
  `-- Needs 0001-store.sql, and is applied as it is.
INSERT INTO :schema.migrations (number) VALUES (2);

-- A hold as the client reads it. Amounts are texts: JSON numbers are not exact in JavaScript.
CREATE FUNCTION :schema.hold_json(hold :schema.holds) RETURNS text
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  RETURN json_build_array(hold.reference, hold.wallet, hold.state, hold.amount::text, hold.captured_amount::text,
    hold.created_at_ms, hold.expires_at_ms, hold.sent_at_ms, hold.ended_at_ms,
    hold.held_before, hold.metadata, hold.attempt, hold.visible_at_ms)::text;
END
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

-- Runs a batch of operations: one statement, one round trip, whatever is in it.
--
--   ops           json array; kind is totals | hold | settle | get | abandon | restore | freeze, the rest as in the list of columns in
--                 the loop below. Operations with the same reference are next to each other.
--   new_*         columns of the holds whose references occur nowhere else in the batch, which must then have no abandon and no
--                 restore; mostly they are new, and all fit, and go into the table as they are. amounts are positive,
--                 new_epoch is that of all of them.
--   changes       wallets that hold, abandon, restore and freeze may change
--   reads         wallets that totals reads
--   settles, gets references of settle and of get
--   seen_epoch,   what this process saw last, or null: the server must not be behind it
--   seen_lsn
--   recovery_ms   how long nothing is approved after a new epoch
--   lock_ms       how long to wait for the lock of a wallet, and how long all waiting may take before anything is decided; then
--                 55P03 lock_not_available, and nothing has happened
--
-- Returns json: { epoch, nowMs, recoveringForMs, lsn, held, answers }.
-- held: [wallet, active, captured] of each wallet before the new holds, all of which were granted, and before everything else; or
-- null, and their answers come after those of ops.
-- answers: for each operation, in their order:
--   totals    [active, captured], followed by since, reason while the wallet is frozen
--   hold      ["held" | "again" | "insufficient" | "void", active, captured] | ["recovering"] | ["exists", hold]
--             | ["frozen", since, reason]
--             "again" is held, by a reference that was released before
--   settle    ["done" | "already" | "illegal", hold] | ["unknown"]
--   get       hold | null
--   abandon, restore, freeze  null
-- where hold is [reference, wallet, state, amount, captured, created, expires, sent, ended, held before, metadata,
-- attempt, when the capture becomes visible].
--
-- Atomic, because the rows of all wallets that it may change are locked first, in the order of their names, and what they say is
-- read after that. Rows of new references are inserted after all wallets are locked, in order too. No two calls can wait for each
-- other, so there are no deadlocks, and READ COMMITTED is enough.
--
-- What is decided is decided in memory, what is read and written goes by sets: an operation costs some microseconds, not a
-- statement. That new references are new is found out by inserting them, which costs a third less than looking first.
CREATE FUNCTION :schema.run_batch(
  ops text, changes text[], reads text[], settles text[], gets text[],
  new_epoch text, new_references text[], new_wallets text[], new_attempts text[], new_states text[], new_amounts numeric[],
  new_limits numeric[], new_expires_in_ms bigint[], new_metadata text[],
  seen_epoch text, seen_lsn text, recovery_ms bigint, lock_ms integer
) RETURNS text
LANGUAGE plpgsql
SET search_path = :schema, pg_temp
-- Plans are made when the tables are small and kept when they are not: only those that stay good are allowed.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
-- What is not allowed counts as so costly that it would be compiled, for a second.
SET plan_cache_mode = force_generic_plan SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  batch CONSTANT json := ops::json;
  lock_timeout_before CONSTANT text := current_setting('lock_timeout');
  now_ms bigint := now_ms();
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
  -- The same before anything was decided, for another try.
  actives_before numeric[];
  captureds_before numeric[];

  -- Whether the new holds go into the table without a look at each.
  is_fast boolean := cardinality(new_references) > 0;
  op record;
  hold holds;
  -- Whether the row of the hold is there already.
  known_before boolean;
  abandoned text[];
  -- The last number of the order that was given.
  number bigint;
  expires_at_ms bigint;
  is_changed boolean := false;
  at integer;
  inserts holds[];
  updates holds[];
  answers text[];
  answer text;
  held text;
  written bigint;
  is_first_try boolean := true;
  latest CONSTANT timestamptz := statement_timestamp() + lock_ms * interval '1 millisecond';
BEGIN
  PERFORM set_config('lock_timeout', lock_ms::text, true);

  -- Whether memory was lost, or may have gone back in time. A new epoch begins in this same step.
  SELECT * INTO memory FROM store;
  IF NOT FOUND OR memory.place <> here OR (memory.epoch = seen_epoch AND lsn < seen_lsn::pg_lsn) THEN
    INSERT INTO store (epoch, born_at_ms, place) VALUES (gen_random_uuid()::text, now_ms, here)
      ON CONFLICT DO NOTHING;
    -- Another process may have done it meanwhile.
    SELECT * INTO memory FROM store FOR UPDATE;
    IF memory.place <> here OR (memory.epoch = seen_epoch AND lsn < seen_lsn::pg_lsn) THEN
      UPDATE store s SET epoch = gen_random_uuid()::text, born_at_ms = now_ms(), place = here
        RETURNING * INTO memory;
    END IF;
  END IF;

  -- The wallets to lock. That a hold is of a wallet never changes, so it may be looked up before.
  IF cardinality(settles) > 0 THEN
    changes := changes || ARRAY(SELECT h.wallet FROM holds h WHERE h.reference = ANY (settles));
  END IF;
  -- What is only read is not locked, unless something in it is due.
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
    IF EXISTS (SELECT FROM unnest(changes) c (wallet) LEFT JOIN wallets w ON w.wallet = c.wallet COLLATE "C"
               WHERE w.wallet IS NULL) THEN
      INSERT INTO wallets (wallet)
        SELECT DISTINCT c.wallet COLLATE "C" FROM unnest(changes) c (wallet) ORDER BY 1
        ON CONFLICT DO NOTHING;
    END IF;
    SELECT array_agg(l.wallet), array_agg(l.active), array_agg(l.captured), array_agg(l.epoch), array_agg(l.frozen_at_ms),
        array_agg(l.frozen_for)
      INTO names, actives, captureds, epochs, frozen_ats, frozen_fors
      FROM (SELECT w.* FROM wallets w WHERE w.wallet = ANY (changes) ORDER BY w.wallet FOR NO KEY UPDATE) l;
    -- Each lock was waited for in turn, and the caller does not wait for the sum.
    IF clock_timestamp() > latest THEN
      RAISE EXCEPTION 'too late' USING ERRCODE = 'lock_not_available';
    END IF;
    -- Whoever is about to take one of the new references is waited for with what is left of the time.
    PERFORM set_config('lock_timeout', greatest(1, ceil(extract(epoch FROM latest - clock_timestamp()) * 1000))::integer::text, true);
    now_ms := now_ms();
    number := nextval('hold_sequence') & 2097151;
  END IF;
  locked := coalesce(cardinality(names), 0);
  changed := array_fill(false, ARRAY[locked]);

  -- The first time in an epoch, what is active is added up from what is there.
  FOR i IN 1 .. locked LOOP
    CONTINUE WHEN epochs[i] = memory.epoch;
    actives[i] := (
      SELECT coalesce(sum(CASE h.state WHEN 'captured' THEN h.captured_amount ELSE h.amount END), 0) FROM holds h
        WHERE h.wallet = names[i] AND (h.state IN ('reserved', 'sent') OR h.due_at_ms IS NOT NULL));
    changed[i] := true;
  END LOOP;

  -- What is due happens now. So many at a time; what is left counts as active meanwhile, which is the safe side.
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
          CASE h.state WHEN 'released' THEN 0 ELSE h.captured_amount END AS visible
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

  recovering_for_ms := greatest(0, memory.born_at_ms + recovery_ms - now_ms);
  actives_before := actives;
  captureds_before := captureds;

  LOOP
    BEGIN
      actives := actives_before;
      captureds := captureds_before;
      inserts := '{}';
      updates := '{}';
      answers := '{}';
      hold := NULL;
      is_changed := false;

      IF is_fast THEN
        is_fast := is_first_try AND new_epoch = memory.epoch AND recovering_for_ms = 0;
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
          INSERT INTO holds (reference, wallet, state, amount, created_at_ms, expires_at_ms, sent_at_ms, due_at_ms, attempt, seq,
              metadata)
            SELECT n.reference, n.wallet, n.state, n.amount, now_ms,
              CASE n.state WHEN 'reserved' THEN now_ms + n.expires_in_ms END,
              CASE n.state WHEN 'sent' THEN now_ms END,
              CASE n.state WHEN 'reserved' THEN now_ms + n.expires_in_ms END,
              n.attempt, (now_ms << 21) + number + n.position, n.metadata::json
            FROM unnest(new_references, new_wallets, new_attempts, new_states, new_amounts, new_expires_in_ms, new_metadata)
              WITH ORDINALITY n (reference, wallet, attempt, state, amount, expires_in_ms, metadata, position)
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
            kind text, n integer, reference text, wallet text, amount numeric, state text, expires_in_ms bigint, epoch text,
            max numeric, metadata text, attempt text, target text, actual numeric, visible_in_ms bigint,
            created_at_ms bigint, expires_at_ms bigint, sent_at_ms bigint, ended_at_ms bigint, visible_at_ms bigint,
            held_before boolean, since_ms bigint, reason text)
          UNION ALL
          SELECT 'hold', 10000 + n.position, n.reference, n.wallet, n.amount, n.state, n.expires_in_ms, new_epoch,
            n.max, n.metadata, n.attempt, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
          FROM unnest(new_references, new_wallets, new_attempts, new_states, new_amounts, new_limits, new_expires_in_ms,
            new_metadata) WITH ORDINALITY n (reference, wallet, attempt, state, amount, max, expires_in_ms, metadata, position)
          WHERE NOT is_fast
        ) o LEFT JOIN holds h ON h.reference = o.reference COLLATE "C"
        ORDER BY o.n
      LOOP
        -- The next reference: what became of the one before is noted, to be written.
        IF op.reference IS DISTINCT FROM hold.reference THEN
          IF is_changed THEN
            IF known_before THEN updates := array_append(updates, hold);
            ELSE inserts := array_append(inserts, hold);
            END IF;
            is_changed := false;
          END IF;
          hold := op.row;
          known_before := hold.reference IS NOT NULL;
        END IF;
        at := CASE WHEN cardinality(names) = 1 AND names[1] = coalesce(hold.wallet, op.wallet) THEN 1
          ELSE array_position(names, coalesce(hold.wallet, op.wallet)) END;

        -- Due, but beyond the number above, or since.
        IF hold.due_at_ms <= now_ms AND at <= locked THEN
          IF hold.state = 'reserved' THEN
            hold.state := 'released';
            hold.ended_at_ms := hold.due_at_ms;
            hold.expires_at_ms := NULL;
            actives[at] := actives[at] - hold.amount;
          ELSE
            actives[at] := actives[at] - hold.captured_amount;
            captureds[at] := captureds[at] + hold.captured_amount;
          END IF;
          hold.due_at_ms := NULL;
          is_changed := true;
          changed[at] := true;
        END IF;

        IF op.kind = 'hold' THEN
          IF hold.reference IS NOT NULL AND (
            hold.state <> 'released' OR hold.wallet <> op.wallet OR hold.amount <> op.amount OR hold.attempt = op.attempt
            OR op.attempt = ANY (coalesce(hold.abandoned, '{}'))
          ) THEN
            answers := array_append(answers, '["exists",' || hold_json(hold) || ']');
            CONTINUE;
          END IF;
          -- Cannot be: a wallet that is to be changed is locked. Comparing with null would approve.
          IF at IS NULL OR at > locked THEN
            RAISE EXCEPTION 'a wallet disappeared' USING ERRCODE = 'lock_not_available';
          END IF;
          IF frozen_ats[at] IS NOT NULL THEN
            answers := array_append(answers, json_build_array('frozen', frozen_ats[at], frozen_fors[at])::text);
            CONTINUE;
          ELSIF op.epoch <> memory.epoch THEN
            answer := 'void';
          ELSIF recovering_for_ms > 0 THEN
            answers := array_append(answers, '["recovering"]');
            CONTINUE;
          ELSIF actives[at] + captureds[at] + op.amount > op.max THEN
            answer := 'insufficient';
          ELSIF hold.reference IS NOT NULL THEN
            answer := 'again';
          ELSE
            answer := 'held';
          END IF;
          answers := array_append(answers,
            '["' || answer || '","' || actives[at]::text || '","' || captureds[at]::text || '"]');
          CONTINUE WHEN answer NOT IN ('held', 'again');
          number := number + 1;
          expires_at_ms := CASE op.state WHEN 'reserved' THEN now_ms + op.expires_in_ms END;
          -- In the order of the columns: field by field is three times as slow.
          hold := ROW(op.reference, op.wallet, op.state, op.amount, NULL, now_ms, expires_at_ms,
            CASE op.state WHEN 'sent' THEN now_ms END, NULL, expires_at_ms, NULL, answer = 'again', op.attempt, hold.abandoned,
            (now_ms << 21) + number, NULL, NULL, op.metadata::json);
          actives[at] := actives[at] + op.amount;

        ELSIF op.kind = 'totals' THEN
          answers := array_append(answers, CASE WHEN frozen_ats[at] IS NULL
            THEN '["' || actives[at]::text || '","' || captureds[at]::text || '"]'
            ELSE json_build_array(actives[at]::text, captureds[at]::text, frozen_ats[at], frozen_fors[at])::text END);
          CONTINUE;

        ELSIF op.kind = 'freeze' THEN
          answers := array_append(answers, 'null');
          frozen_ats[at] := CASE WHEN op.reason IS NOT NULL THEN coalesce(frozen_ats[at], op.since_ms, now_ms) END;
          frozen_fors[at] := op.reason;
          changed[at] := true;
          CONTINUE;

        ELSIF op.kind = 'get' THEN
          answers := array_append(answers, CASE WHEN hold.reference IS NULL THEN 'null' ELSE hold_json(hold) END);
          CONTINUE;

        ELSIF op.kind = 'settle' THEN
          -- A row that appeared after its wallet was looked up: as if we had come before it.
          IF hold.reference IS NULL OR at IS NULL OR at > locked THEN
            answers := array_append(answers, '["unknown"]');
            CONTINUE;
          END IF;
          IF op.attempt <> hold.attempt THEN
            answer := 'illegal';
          ELSIF hold.state = op.target AND op.target <> 'sent' THEN
            answer := 'already';
          ELSIF hold.state = op.target OR hold.state IN ('captured', 'released') THEN
            answer := 'illegal';
          ELSE
            answer := 'done';
            hold.state := op.target;
            hold.expires_at_ms := NULL;
            hold.due_at_ms := NULL;
            IF op.target = 'sent' THEN
              hold.sent_at_ms := now_ms;
            ELSE
              hold.ended_at_ms := now_ms;
              actives[at] := actives[at] - hold.amount;
              changed[at] := true;
            END IF;
            IF op.target = 'captured' THEN
              hold.captured_amount := coalesce(op.actual, hold.amount);
              IF op.visible_in_ms > 0 THEN
                hold.due_at_ms := now_ms + op.visible_in_ms;
                hold.visible_at_ms := hold.due_at_ms;
                actives[at] := actives[at] + hold.captured_amount;
              ELSE
                captureds[at] := captureds[at] + hold.captured_amount;
              END IF;
            END IF;
            is_changed := true;
          END IF;
          answers := array_append(answers, '["' || answer || '",' || hold_json(hold) || ']');
          CONTINUE;

        ELSIF op.kind = 'abandon' THEN
          answers := array_append(answers, 'null');
          IF hold.reference IS NULL THEN
            -- A stone on the place of the attempt, in case that it comes after all.
            hold.reference := op.reference;
            hold.wallet := op.wallet;
            hold.state := 'released';
            hold.amount := op.amount;
            hold.created_at_ms := now_ms;
            hold.ended_at_ms := now_ms;
            hold.held_before := false;
            hold.attempt := op.attempt;
            -- Here as well: another attempt may take the row, and be released, before this one comes.
            hold.abandoned := ARRAY[op.attempt];
            number := number + 1;
            hold.seq := (now_ms << 21) + number;
            hold.metadata := op.metadata::json;
          ELSIF hold.attempt <> op.attempt THEN
            -- Another attempt has the row. Ours must not take it later, when that one was released.
            CONTINUE WHEN hold.wallet <> op.wallet OR op.attempt = ANY (coalesce(hold.abandoned, '{}'));
            hold.abandoned := array_append(hold.abandoned, op.attempt);
          ELSIF hold.state IN ('reserved', 'sent') AND at <= locked THEN
            hold.state := 'released';
            hold.expires_at_ms := NULL;
            hold.due_at_ms := NULL;
            hold.ended_at_ms := now_ms;
            actives[at] := actives[at] - hold.amount;
          ELSE
            CONTINUE;
          END IF;

        ELSE -- restore
          answers := array_append(answers, 'null');
          -- What is there is put right only where memory went back behind what this process saw: the hold was taken since, or
          -- sent, or captured. Otherwise others may have moved it on.
          IF hold.reference IS NOT NULL THEN
            CONTINUE WHEN hold.wallet <> op.wallet OR at > locked;
            IF hold.attempt <> op.attempt THEN
              -- An earlier attempt gives way, open or not: it had ended before this one was taken.
              -- A stone, whose own attempt is abandoned, was never a hold.
              CONTINUE WHEN hold.state = 'captured' OR op.attempt = ANY (coalesce(hold.abandoned, '{}'))
                OR (op.created_at_ms < hold.created_at_ms AND hold.attempt <> ALL (coalesce(hold.abandoned, '{}')));
            ELSIF op.state = 'captured' THEN
              CONTINUE WHEN hold.state = 'captured';
            ELSE
              CONTINUE WHEN op.state <> 'sent' OR hold.sent_at_ms IS NOT NULL OR hold.state NOT IN ('reserved', 'released');
            END IF;
            IF hold.state IN ('reserved', 'sent') THEN actives[at] := actives[at] - hold.amount; END IF;
          END IF;
          abandoned := hold.abandoned;
          hold := NULL;
          hold.reference := op.reference;
          hold.wallet := op.wallet;
          hold.state := op.state;
          hold.amount := op.amount;
          hold.created_at_ms := op.created_at_ms;
          hold.expires_at_ms := op.expires_at_ms;
          hold.sent_at_ms := op.sent_at_ms;
          hold.ended_at_ms := op.ended_at_ms;
          -- Put back with its time over, too, a capture counts as held until the next batch that finds it due.
          hold.due_at_ms := CASE op.state WHEN 'captured' THEN coalesce(op.visible_at_ms, now_ms) ELSE op.expires_at_ms END;
          hold.visible_at_ms := op.visible_at_ms;
          hold.held_before := coalesce(op.held_before, false);
          hold.attempt := op.attempt;
          hold.abandoned := abandoned;
          number := number + 1;
          hold.seq := (op.created_at_ms << 21) + number;
          hold.metadata := op.metadata::json;
          hold.captured_amount := CASE op.state WHEN 'captured' THEN coalesce(op.actual, op.amount) END;
          actives[at] := actives[at] + coalesce(hold.captured_amount, op.amount);
        END IF;
        is_changed := true;
        changed[at] := true;
      END LOOP;

      IF is_changed THEN
        IF known_before THEN updates := array_append(updates, hold);
        ELSE inserts := array_append(inserts, hold);
        END IF;
      END IF;

      IF cardinality(inserts) > 0 THEN
        INSERT INTO holds SELECT i.* FROM unnest(inserts) i ORDER BY i.reference;
      END IF;
      IF cardinality(updates) > 0 THEN
        -- Not the lease: it is given without the lock of the wallet. It means nothing once the hold has ended.
        UPDATE holds h SET
          state = u.state, captured_amount = u.captured_amount, created_at_ms = u.created_at_ms,
          expires_at_ms = u.expires_at_ms, sent_at_ms = u.sent_at_ms, ended_at_ms = u.ended_at_ms, due_at_ms = u.due_at_ms,
          visible_at_ms = u.visible_at_ms,
          held_before = u.held_before, attempt = u.attempt, abandoned = u.abandoned, seq = u.seq,
          metadata = u.metadata, amount = u.amount
        FROM unnest(updates) u WHERE h.reference = u.reference;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written <> cardinality(updates) THEN
          RAISE EXCEPTION 'a row was deleted meanwhile' USING ERRCODE = 'unique_violation';
        END IF;
      END IF;
      EXIT;
    EXCEPTION WHEN unique_violation THEN
      -- A reference was not new, or somebody held it in another wallet at the same time, and is done. Decided again, with what is
      -- there. Each time somebody else is done, and so the time is the only bound that is needed.
      is_first_try := false;
      IF clock_timestamp() > latest THEN
        RAISE EXCEPTION 'too late' USING ERRCODE = 'lock_not_available';
      END IF;
    END;
  END LOOP;

  IF true = ANY (changed) THEN
    UPDATE wallets w SET active = n.active, captured = n.captured, epoch = memory.epoch, frozen_at_ms = n.frozen_at_ms,
        frozen_for = n.frozen_for
      FROM unnest(names[:locked], actives[:locked], captureds[:locked], frozen_ats[:locked], frozen_fors[:locked], changed)
        n (wallet, active, captured, frozen_at_ms, frozen_for, changed)
      WHERE n.changed AND w.wallet = n.wallet COLLATE "C";
  END IF;
  IF is_fast THEN
    held := (SELECT json_agg(json_build_array(b.wallet, b.active::text, b.captured::text))
      FROM unnest(names[:locked], actives_before[:locked], captureds_before[:locked]) b (wallet, active, captured));
  END IF;
  PERFORM set_config('lock_timeout', lock_timeout_before, true);
  RETURN '{"epoch":' || to_json(memory.epoch)::text || ',"nowMs":' || now_ms || ',"recoveringForMs":' || recovering_for_ms
    || ',"lsn":' || coalesce('"' || lsn || '"', 'null') || ',"held":' || coalesce(held, 'null')
    || ',"answers":[' || array_to_string(answers, ',') || ']}';
END
$$;
`,
  // 0003-claim-and-delete.sql
  `-- Needs 0002-run-batch.sql, and is applied as it is.
INSERT INTO :schema.migrations (number) VALUES (3);

-- Both walk along the index from the oldest hold on, and end at the first that is too young: what was sent or ended so long ago
-- was created no later. The planner is not asked: right after many rows came it knows nothing of them, and would sort them all.

-- Leases sent holds, oldest first. Those that another process is about to lease, or to change, are passed over.
--   owner          who takes them, and may take them again
--   older_than_ms  sent at least so long ago
--   lease_ms       how long nobody else is given them
--   after          seq of the last hold of the page before, or 0
--   most           how many at most
CREATE FUNCTION :schema.claim_sent(owner text, older_than_ms bigint, lease_ms bigint, after bigint, most integer)
RETURNS TABLE (seq bigint, hold text)
LANGUAGE plpgsql
SET search_path = :schema, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    WITH found AS MATERIALIZED (
      SELECT h.reference FROM holds h
      WHERE h.state = 'sent' AND h.seq > after AND h.seq < ((SELECT now_ms()) - older_than_ms + 1) << 21
        AND h.sent_at_ms <= (SELECT now_ms()) - older_than_ms
        AND (h.lease_owner IS NULL OR h.lease_owner = owner OR h.lease_until_ms <= (SELECT now_ms()))
      ORDER BY h.seq LIMIT most FOR NO KEY UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE holds h SET lease_owner = owner, lease_until_ms = (SELECT now_ms()) + lease_ms
      FROM found WHERE h.reference = found.reference RETURNING h.seq, hold_json(h) AS hold
    )
    SELECT claimed.seq, claimed.hold FROM claimed ORDER BY claimed.seq;
END
$$;

-- Deletes finished holds of one state, from the oldest on, and returns how many, and the seq of the last.
--   finished       captured or released
--   older_than_ms  ended at least so long ago
--   after          seq of the last hold of the call before, or 0
--   most           how many at most
CREATE FUNCTION :schema.delete_finished(finished text, older_than_ms bigint, after bigint, most integer,
  OUT deleted bigint, OUT last bigint)
LANGUAGE plpgsql
SET search_path = :schema, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off SET enable_mergejoin = off
SET jit = off
AS $$
BEGIN
  WITH found AS MATERIALIZED (
    SELECT h.reference FROM holds h
    WHERE h.state = finished AND h.seq > after AND h.seq < ((SELECT now_ms()) - older_than_ms + 1) << 21
      AND h.due_at_ms IS NULL AND h.ended_at_ms <= (SELECT now_ms()) - older_than_ms
    ORDER BY h.seq LIMIT most FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM holds h USING found WHERE h.reference = found.reference RETURNING h.seq
  )
  SELECT count(*), max(gone.seq) INTO deleted, last FROM gone;
END
$$;
`,
  // 0004-notes.sql
  `-- Needs 0001-store.sql.
INSERT INTO :schema.migrations (number) VALUES (4);

-- Small facts that processes share, such as which alerts were sent. A loss of them is no loss of money, so they have no part in the
-- epoch. Each change is one statement whose condition is what the caller expects to be there.
CREATE TABLE :schema.notes (
  key text COLLATE "C" PRIMARY KEY,
  value text COLLATE "C" NOT NULL
);
`,
  // 0005-history.sql
  `-- Needs 0001-store.sql.
INSERT INTO :schema.migrations (number) VALUES (5);

-- What happened, for operators and auditors: contains balances. A loss of it is no loss of money, so it has no part in the epoch, and
-- nothing that pays waits for it. Times are of the process that wrote the entry.
CREATE TABLE :schema.history (
  at_ms bigint NOT NULL,
  -- Chosen by the writer, in its order: an entry that is written twice is there once.
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
`,
];
