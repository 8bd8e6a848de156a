// Made of migrations/*.sql by scripts/embed.mjs.
export const migrations: readonly string[] = [
  // 0001-store.sql
  `CREATE TABLE :schema.migrations (number integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
INSERT INTO :schema.migrations (number) VALUES (1);
CREATE TABLE :schema.store (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  epoch text NOT NULL,
  born_at_ms bigint NOT NULL,
  place text NOT NULL,
  offset_ms bigint NOT NULL DEFAULT 0,
  counts_since_ms bigint NOT NULL DEFAULT 0
);
CREATE TABLE :schema.wallets (
  wallet text COLLATE "C" PRIMARY KEY,
  active numeric NOT NULL DEFAULT 0,
  captured numeric NOT NULL DEFAULT 0,
  epoch text NOT NULL DEFAULT '',
  frozen_at_ms bigint,
  frozen_for text,
  clock_ms bigint NOT NULL DEFAULT 0,
  limits_epoch text
) WITH (fillfactor = 50); -- The row of a busy wallet is updated in place as long as its page has room.
CREATE SEQUENCE :schema.hold_sequence INCREMENT BY 8192 CYCLE;
CREATE TABLE :schema.holds (
  seq bigint NOT NULL,
  created_at_ms bigint NOT NULL,
  exponent smallint NOT NULL,
  turn integer NOT NULL DEFAULT 1,
  failed boolean NOT NULL DEFAULT false,
  awaits_outcome boolean NOT NULL DEFAULT false,
  reference text COLLATE "C" PRIMARY KEY,
  wallet text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL CHECK (state IN ('reserved', 'sent', 'captured', 'released')),
  amount numeric NOT NULL,
  currency text NOT NULL,
  attempt text NOT NULL,
  metadata json NOT NULL,
  due_at_ms bigint,
  expires_at_ms bigint,
  sent_at_ms bigint,
  sends_until_ms bigint,
  ended_at_ms bigint,
  visible_at_ms bigint,
  captured_amount numeric,
  sender text,
  fingerprint text,
  day integer,
  payee text,
  lease_owner text,
  lease_until_ms bigint
);
CREATE INDEX holds_due ON :schema.holds (wallet, due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX holds_undecided ON :schema.holds (wallet, seq) WHERE state = 'sent' OR awaits_outcome;
CREATE INDEX holds_finished ON :schema.holds (wallet, state, seq) WHERE state IN ('captured', 'released');
CREATE TABLE :schema.day_counters (
  wallet text COLLATE "C" NOT NULL,
  day integer NOT NULL,
  payee text COLLATE "C" NOT NULL,
  used numeric NOT NULL,
  PRIMARY KEY (wallet, day, payee)
) WITH (fillfactor = 50);
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
CREATE FUNCTION :schema.written() RETURNS pg_lsn
LANGUAGE plpgsql SECURITY DEFINER SET search_path = :schema, pg_temp
AS $$
BEGIN
  RETURN pg_current_wal_insert_lsn();
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_function THEN
  RETURN NULL;
END
$$;
CREATE FUNCTION :schema.is_restart(place text, other text) RETURNS boolean
LANGUAGE sql STABLE
AS $$
  SELECT regexp_replace(place, '/[^/]*$', '') = regexp_replace(other, '/[^/]*$', '')
    AND place ~ '^[^/]+/[^/]+/' AND current_setting('fsync') = 'on'
$$;
CREATE FUNCTION :schema.version() RETURNS integer
LANGUAGE sql STABLE SET search_path = :schema, pg_temp
AS $$ SELECT max(m.number) FROM migrations m $$;
CREATE FUNCTION :schema.server_ms() RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;
CREATE FUNCTION :schema.now_ms() RETURNS bigint
LANGUAGE sql VOLATILE
SET search_path = :schema, pg_temp
AS $$ SELECT server_ms() + coalesce((SELECT s.offset_ms FROM store s), 0) $$;
CREATE FUNCTION :schema.make_durable() RETURNS void
LANGUAGE sql VOLATILE
AS $$
  SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local')
$$;
CREATE FUNCTION :schema.assert_read_committed() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'to be asked by ask()' USING ERRCODE = 'invalid_transaction_state';
  END IF;
END
$$;
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
INSERT INTO :schema.store (epoch, born_at_ms, place) VALUES (gen_random_uuid()::text, 0, :schema.place());
`,
  // 0002-run-batch.sql
  `INSERT INTO :schema.migrations (number) VALUES (2);
CREATE FUNCTION :schema.hold_json(hold :schema.holds) RETURNS text
LANGUAGE sql STABLE
AS $$
  SELECT json_build_array(hold.reference, hold.wallet, hold.state, hold.amount::text, hold.captured_amount::text,
    hold.currency, hold.exponent, hold.created_at_ms, hold.expires_at_ms, hold.sent_at_ms, hold.sends_until_ms,
    hold.ended_at_ms, hold.visible_at_ms, hold.turn, hold.failed, hold.awaits_outcome, hold.attempt, hold.sender,
    hold.fingerprint, hold.metadata, hold.day, hold.payee)::text
$$;
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
CREATE FUNCTION :schema.counted(hold :schema.holds) RETURNS numeric
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
    WHEN hold.state IN ('reserved', 'sent') THEN hold.amount
    WHEN hold.state = 'captured' THEN hold.captured_amount
    ELSE 0
  END
$$;
CREATE FUNCTION :schema.counter_keys(wallet text, day integer, payee text) RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$
  SELECT CASE
    WHEN payee IS NULL THEN ARRAY[wallet || E'\\n' || day || E'\\n']
    ELSE ARRAY[wallet || E'\\n' || day || E'\\n', wallet || E'\\n' || day || E'\\n' || payee]
  END
$$;
CREATE FUNCTION :schema.filled(given anyarray, count integer) RETURNS anyarray
LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN cardinality(given) = 1 THEN array_fill(given[1], ARRAY[count]) ELSE given END $$;
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
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
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
  names text[];
  actives numeric[];
  captureds numeric[];
  epochs text[];
  changed boolean[];
  frozen_ats bigint[];
  frozen_fors text[];
  locked integer;
  busy text[];
  clock_ms bigint;
  actives_before numeric[];
  captureds_before numeric[];
  frozen_ats_before bigint[];
  frozen_fors_before text[];
  is_fast boolean := cardinality(new_references) > 0 AND new_day_limits IS NULL;
  op record;
  hold holds;
  known_before boolean;
  given holds;
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
  counters text[];
  counts numeric[];
  waiting text[];
  waiting_amounts numeric[];
  keys text[];
  counted_before numeric;
  limits json;
  starts_ms bigint;
  nth integer;
  first_kept_day integer;
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
  SELECT * INTO memory FROM store;
  now_ms := server_ms() + coalesce(memory.offset_ms, 0);
  IF NOT FOUND OR memory.place <> here OR (memory.epoch = seen_epoch AND lsn < seen_lsn::pg_lsn)
      OR (memory.born_at_ms = 0 AND memory.epoch <> seen_epoch) THEN
    clock_ms := (SELECT max(w.clock_ms) FROM wallets w);
    INSERT INTO store (epoch, born_at_ms, place, offset_ms, counts_since_ms)
      VALUES (gen_random_uuid()::text, greatest(now_ms, clock_ms), here, greatest(0, clock_ms - now_ms),
        greatest(now_ms, clock_ms))
      ON CONFLICT DO NOTHING;
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
  IF cardinality(settles) > 0 THEN
    changes := changes || ARRAY(SELECT h.wallet FROM holds h WHERE h.reference = ANY (settles));
  END IF;
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
    IF clock_timestamp() > latest THEN
      RAISE EXCEPTION 'too late' USING ERRCODE = 'lock_not_available';
    END IF;
    PERFORM set_config('lock_timeout',
      greatest(1, ceil(extract(epoch FROM latest - clock_timestamp()) * 1000))::integer::text, true);
    now_ms := server_ms() + memory.offset_ms;
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
  IF batch_epoch IS NOT NULL
      AND (now_ms > not_after_ms OR batch_epoch IS DISTINCT FROM (SELECT s.epoch FROM store s)) THEN
    SELECT * INTO memory FROM store;
    recovering_for_ms := greatest(0, memory.born_at_ms + recovery_ms - now_ms);
    PERFORM set_config('lock_timeout', lock_timeout_before, true);
    RETURN '{"epoch":' || to_json(memory.epoch)::text || ',"nowMs":' || now_ms
      || ',"recoveringForMs":' || recovering_for_ms || ',"lsn":' || coalesce('"' || lsn || '"', 'null')
      || ',"held":null,"answers":null}';
  END IF;
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
        IF source.state = 'reserved' AND source.due_at_ms <= now_ms THEN source := expired(source); END IF;
      END IF;
      IF is_fast THEN
        is_fast := is_first_try AND new_epoch = memory.epoch AND recovering_for_ms = 0 AND from_reference IS NULL;
        FOR op IN SELECT n.wallet, sum(n.amount) AS amount, min(n.max) AS max
          FROM unnest(new_wallets, new_amounts, new_limits) n (wallet, amount, max) GROUP BY n.wallet
        LOOP
          at := array_position(names, op.wallet);
          is_fast := is_fast AND frozen_ats[at] IS NULL
            AND coalesce(at <= locked AND actives[at] + captureds[at] + op.amount <= op.max, false);
          EXIT WHEN NOT is_fast;
          actives[at] := actives[at] + op.amount;
          changed[at] := true;
        END LOOP;
        IF is_fast THEN
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
            wallet text, amount numeric, currency text, exponent smallint, fingerprint text, metadata text,
            state text, lasts_ms bigint, epoch text, max numeric,
            target text, actual numeric, visible_in_ms bigint, awaits_outcome boolean, not_sent boolean, sender text,
            record json,
            since_ms bigint, reason text,
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
        IF op.reference IS DISTINCT FROM hold.reference THEN
          IF is_changed THEN
            IF known_before THEN updates := array_append(updates, hold);
            ELSE inserts := array_append(inserts, hold);
            END IF;
            is_changed := false;
          END IF;
          hold := op.row;
          known_before := hold.reference IS NOT NULL;
          hold.lease_until_ms := NULL;
        END IF;
        IF busy IS NOT NULL AND op.kind <> 'get' AND coalesce(hold.wallet, op.wallet) = ANY (busy) THEN
          answers := array_append(answers, '"busy"');
          CONTINUE;
        END IF;
        at := CASE WHEN cardinality(names) = 1 AND names[1] = coalesce(hold.wallet, op.wallet) THEN 1
          ELSE array_position(names, coalesce(hold.wallet, op.wallet)) END;
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
          IF is_same AND hold.attempt = op.attempt AND hold.state = op.state AND hold.sender IS NULL THEN
            answers := array_append(answers, '["held","' || (actives[at] - hold.amount)::text || '","'
              || captureds[at]::text || '",' || hold_json(hold) || ']');
            granted_holds := granted_holds + 1;
            CONTINUE;
          END IF;
          IF hold.reference IS NOT NULL
              AND (NOT is_same OR hold.state <> 'released' OR hold.failed OR hold.attempt = op.attempt) THEN
            IF hold.state = 'reserved' AND hold.due_at_ms <= now_ms THEN hold := expired(hold); END IF;
            answers := array_append(answers, '["exists",' || hold_json(hold) || ']');
            CONTINUE;
          END IF;
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
                  WHERE d.wallet = split_part(waiting[i], E'\\n', 1) COLLATE "C"
                    AND d.day = split_part(waiting[i], E'\\n', 2)::integer
                    AND d.payee = split_part(waiting[i], E'\\n', 3) COLLATE "C"), 0));
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
          IF hold.state = 'reserved' AND hold.due_at_ms <= now_ms THEN hold := expired(hold); END IF;
          answers := array_append(answers, CASE WHEN hold.reference IS NULL THEN 'null' ELSE hold_json(hold) END);
          CONTINUE;
        ELSIF op.kind = 'settle' THEN
          IF op.wallet IS NOT NULL THEN changed[array_position(names, op.wallet)] := true; END IF;
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
          IF hold.reference IS NOT NULL THEN
            CONTINUE WHEN hold.wallet <> op.wallet OR at > locked;
            IF hold.attempt <> op.attempt THEN
              CONTINUE WHEN hold.state = 'captured' OR hold.turn >= given.turn OR recovering_for_ms = 0;
            ELSIF given.state = 'captured' THEN
              CONTINUE WHEN hold.state = 'captured';
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
      is_first_try := false;
      IF clock_timestamp() > latest THEN
        RAISE EXCEPTION 'too late' USING ERRCODE = 'lock_not_available';
      END IF;
    END;
  END LOOP;
  IF cardinality(counters) + cardinality(waiting) > 0 THEN
    INSERT INTO day_counters AS d (wallet, day, payee, used)
      SELECT split_part(k.key, E'\\n', 1), split_part(k.key, E'\\n', 2)::integer, split_part(k.key, E'\\n', 3), sum(k.used)
      FROM (
        SELECT r.key, r.used - coalesce((SELECT d.used FROM day_counters d
            WHERE d.wallet = split_part(r.key, E'\\n', 1) COLLATE "C" AND d.day = split_part(r.key, E'\\n', 2)::integer
              AND d.payee = split_part(r.key, E'\\n', 3) COLLATE "C"), 0) AS used
          FROM unnest(counters, counts) r (key, used)
        UNION ALL SELECT n.key, n.used FROM unnest(waiting, waiting_amounts) n (key, used)
      ) k
      GROUP BY k.key HAVING sum(k.used) <> 0 ORDER BY k.key COLLATE "C"
      ON CONFLICT (wallet, day, payee) DO UPDATE SET used = d.used + excluded.used;
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
`,
  // 0003-claim-and-delete.sql
  `INSERT INTO :schema.migrations (number) VALUES (3);
CREATE FUNCTION :schema.seq_at(at_ms bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$ SELECT greatest(0, least(at_ms, (1::bigint << 42) - 1)) << 21 $$;
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
CREATE FUNCTION :schema.may_lease(hold :schema.holds, owner text, now_ms bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE
AS $$
  SELECT (hold.state = 'sent' OR hold.awaits_outcome)
    AND (hold.lease_owner = owner OR coalesce(hold.lease_until_ms, 0) <= now_ms)
$$;
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
CREATE FUNCTION :schema.unserved(served text[], since_ms bigint, most integer) RETURNS text[]
LANGUAGE plpgsql
SET search_path = :schema, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  until_seq CONSTANT bigint := seq_at(since_ms + 1);
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
`,
  // 0004-notes.sql
  `INSERT INTO :schema.migrations (number) VALUES (4);
CREATE TABLE :schema.notes (
  key text COLLATE "C" PRIMARY KEY,
  value text COLLATE "C" NOT NULL
);
CREATE FUNCTION :schema.note(name text) RETURNS text
LANGUAGE sql STABLE SET search_path = :schema, pg_temp
AS $$ SELECT n.value FROM notes n WHERE n.key = name $$;
CREATE FUNCTION :schema.swap_note(name text, expected text, wanted text) RETURNS boolean
LANGUAGE plpgsql SET search_path = :schema, pg_temp
AS $$
BEGIN
  PERFORM assert_read_committed();
  PERFORM make_durable();
  IF expected IS NULL AND wanted IS NULL THEN
    RETURN NOT EXISTS (SELECT FROM notes n WHERE n.key = name);
  ELSIF expected IS NULL THEN
    INSERT INTO notes VALUES (name, wanted) ON CONFLICT DO NOTHING;
  ELSIF wanted IS NULL THEN
    DELETE FROM notes n WHERE n.key = name AND n.value = expected;
  ELSE
    UPDATE notes n SET value = wanted WHERE n.key = name AND n.value = expected;
  END IF;
  RETURN FOUND;
END
$$;
`,
  // 0005-history.sql
  `INSERT INTO :schema.migrations (number) VALUES (5);
CREATE TABLE :schema.history (
  at_ms bigint NOT NULL,
  id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  wallet text COLLATE "C",
  reference text COLLATE "C",
  amount numeric,
  data json NOT NULL,
  PRIMARY KEY (at_ms, id)
);
CREATE INDEX history_by_kind ON :schema.history (kind, at_ms, id);
CREATE INDEX history_by_wallet ON :schema.history (wallet, kind, at_ms, id);
CREATE INDEX history_by_reference ON :schema.history (reference, at_ms, id) WHERE reference IS NOT NULL;
`,
];
