"""The record only grows: the database itself refuses changes, whoever asks.

An owner of the tables can still switch a trigger off; `ledger verify` then says which entry was altered.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- test runners empty their own database between tests; nobody else may
  IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%%' THEN RETURN NULL; END IF;
  RAISE EXCEPTION 'ledger: % on % refused, the record only grows', TG_OP, TG_TABLE_NAME USING ERRCODE = '23001';
END $$;

CREATE FUNCTION ledger_place_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.seq IS NULL AND NEW.seq IS NOT NULL
     AND to_jsonb(NEW) - 'seq' - 'leaf' = to_jsonb(OLD) - 'seq' - 'leaf' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'ledger: entry % may only receive its place, once', OLD.id USING ERRCODE = '23001';
END $$;

CREATE TRIGGER ledger_entry_place BEFORE UPDATE ON ledger_entry
  FOR EACH ROW EXECUTE FUNCTION ledger_place_once();
CREATE TRIGGER ledger_entry_keep BEFORE DELETE ON ledger_entry
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_node_keep BEFORE UPDATE OR DELETE ON ledger_node
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_head_keep BEFORE UPDATE OR DELETE ON ledger_head
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_salt_keep BEFORE UPDATE ON ledger_salt
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_entry_whole BEFORE TRUNCATE ON ledger_entry
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_node_whole BEFORE TRUNCATE ON ledger_node
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_head_whole BEFORE TRUNCATE ON ledger_head
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
""".replace("%%", "%")

BACKWARD = """
DROP FUNCTION ledger_place_once() CASCADE;
DROP FUNCTION ledger_refuse() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
