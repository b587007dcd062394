from django.db import migrations

# What no program may do, whatever its faults: change a list that hangs, end a notice that must wait, touch one that
# is over, let somebody concerned rule.
FORWARD = """
CREATE FUNCTION publicity_notice_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF jsonb_typeof(NEW.rows) <> 'array' OR EXISTS (
    SELECT 1 FROM jsonb_array_elements(NEW.rows) AS line, jsonb_each(line) AS one
    WHERE NOT NEW.columns @> jsonb_build_array(jsonb_build_object('key', one.key))
       OR jsonb_typeof(one.value) <> 'string'
  ) THEN
    RAISE EXCEPTION 'publicity: a value outside the whitelist' USING ERRCODE = '23514';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER publicity_notice_whole BEFORE INSERT ON publicity_notice
  FOR EACH ROW EXECUTE FUNCTION publicity_notice_whole();
CREATE TRIGGER publicity_announcement_whole BEFORE INSERT ON publicity_announcement
  FOR EACH ROW EXECUTE FUNCTION publicity_notice_whole();

CREATE FUNCTION publicity_notice_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('ended', 'withdrawn') THEN
    RAISE EXCEPTION 'publicity: a notice that is over is never changed' USING ERRCODE = '23001';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  IF (NEW.kind, NEW.subject, NEW.columns, NEW.rows, NEW.sheet, NEW.mode, NEW.days, NEW.day_unit, NEW.opened_at)
     IS DISTINCT FROM
     (OLD.kind, OLD.subject, OLD.columns, OLD.rows, OLD.sheet, OLD.mode, OLD.days, OLD.day_unit, OLD.opened_at) THEN
    RAISE EXCEPTION 'publicity: a list that hangs is never changed' USING ERRCODE = '23001';
  END IF;
  IF NEW.state = 'ended' AND NEW.outcome = 'none' AND (
    EXISTS (SELECT 1 FROM publicity_objection WHERE notice_id = NEW.id AND NOT late AND state <> 'rejected')
    OR EXISTS (SELECT 1 FROM publicity_outage WHERE notice_id = NEW.id AND until IS NULL)
  ) THEN
    RAISE EXCEPTION 'publicity: an unruled or upheld objection, or an outage, holds the notice' USING ERRCODE = '23001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER publicity_notice_keep BEFORE UPDATE OR DELETE ON publicity_notice
  FOR EACH ROW EXECUTE FUNCTION publicity_notice_keep();

CREATE FUNCTION publicity_objection_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'open' AND (NEW.state, NEW.reasons, NEW.ruled_by_id, NEW.ruled_at) IS DISTINCT FROM
     (OLD.state, OLD.reasons, OLD.ruled_by_id, OLD.ruled_at) THEN
    RAISE EXCEPTION 'publicity: a ruling is never changed' USING ERRCODE = '23001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER publicity_objection_keep BEFORE UPDATE ON publicity_objection
  FOR EACH ROW EXECUTE FUNCTION publicity_objection_keep();
ALTER TABLE publicity_objection ADD CONSTRAINT never_rules_where_concerned
  CHECK (ruled_by_id IS NULL OR NOT (ruled_by_id = ANY (barred)));
"""
BACKWARD = """
ALTER TABLE publicity_objection DROP CONSTRAINT never_rules_where_concerned;
DROP FUNCTION publicity_objection_keep() CASCADE;
DROP FUNCTION publicity_notice_keep() CASCADE;
DROP FUNCTION publicity_notice_whole() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("publicity", "0001_notices")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
