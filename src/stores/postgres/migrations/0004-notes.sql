-- Needs 0001-store.sql.
INSERT INTO :schema.migrations (number) VALUES (4);

-- Small facts that processes share, such as which alerts were sent. A loss of them is no loss of money, so they have no
-- part in the epoch. Each change is one statement whose condition is what the caller expects to be there.
CREATE TABLE :schema.notes (
  key text COLLATE "C" PRIMARY KEY,
  value text COLLATE "C" NOT NULL
);

CREATE FUNCTION :schema.note(name text) RETURNS text
LANGUAGE sql STABLE SET search_path = :schema, pg_temp
AS $$ SELECT n.value FROM notes n WHERE n.key = name $$;

-- Changes a note, from null if it is not there, to null if it is to go. Returns whether it was as expected. Of two at
-- once, the second waits for the row of the first, and finds it changed.
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
