-- Needs 0002-run-batch.sql, and is applied as it is.
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
