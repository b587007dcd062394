"""What no code may do: change a published edition, let two be valid on one day, approve before its time."""

from django.db import migrations

FORWARD = """
CREATE SEQUENCE onestop_application_number;

ALTER TABLE onestop_itemversion ADD CONSTRAINT one_valid_version
  EXCLUDE USING gist (int8range(item_id, item_id, '[]') WITH &&, validity WITH &&)
  WHERE (state = 'published');

CREATE FUNCTION onestop_version_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'draft' THEN
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'onestop: a published version is never deleted' USING ERRCODE = '23001';
  END IF;
  IF (NEW.item_id, NEW.number, NEW.definition, NEW.edited_by_id, NEW.published_by_id, NEW.published_at, NEW.shipped)
       IS DISTINCT FROM
     (OLD.item_id, OLD.number, OLD.definition, OLD.edited_by_id, OLD.published_by_id, OLD.published_at, OLD.shipped)
     OR lower(NEW.validity) IS DISTINCT FROM lower(OLD.validity)
     OR NOT (NEW.validity <@ OLD.validity)
     OR NOT (NEW.state = OLD.state OR (OLD.state = 'published' AND NEW.state = 'retired')) THEN
    RAISE EXCEPTION 'onestop: a published version never changes' USING ERRCODE = '23001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER onestop_version_keep BEFORE UPDATE OR DELETE ON onestop_itemversion
  FOR EACH ROW EXECUTE FUNCTION onestop_version_keep();

CREATE FUNCTION onestop_decision_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  chosen onestop_application%ROWTYPE;
BEGIN
  SELECT * INTO chosen FROM onestop_application WHERE id = NEW.application_id;
  IF NEW.round <> chosen.round THEN
    RAISE EXCEPTION 'onestop: decided in round % while round % runs', NEW.round, chosen.round USING ERRCODE = '23514';
  END IF;
  IF NOT EXISTS (SELECT 1 FROM onestop_task t WHERE t.id = NEW.task_id AND t.application_id = NEW.application_id
                 AND t.step = 'decide' AND t.round = NEW.round AND t.state IN ('open', 'done')) THEN
    RAISE EXCEPTION 'onestop: no decision is due in this round' USING ERRCODE = '23514';
  END IF;
  IF EXISTS (SELECT 1 FROM onestop_task t WHERE t.application_id = NEW.application_id AND t.round = NEW.round
             AND t.state = 'open' AND t.step <> 'decide') THEN
    RAISE EXCEPTION 'onestop: earlier tasks of this round are not done' USING ERRCODE = '23514';
  END IF;
  IF NEW.outcome = 'approve' THEN
    IF chosen.mode = 'required' AND NOT EXISTS (
        SELECT 1 FROM onestop_task t WHERE t.application_id = NEW.application_id AND t.kind = 'publicity'
        AND t.state = 'done' AND t.round >= chosen.publish_from) THEN
      RAISE EXCEPTION 'onestop: publicity has not ended' USING ERRCODE = '23514';
    END IF;
    IF EXISTS (SELECT 1 FROM onestop_slot s WHERE s.application_id = NEW.application_id AND s.state = 'tolerated') THEN
      RAISE EXCEPTION 'onestop: a tolerated paper is still missing' USING ERRCODE = '23514';
    END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER onestop_decision_check AFTER INSERT ON onestop_decision
  NOT DEFERRABLE FOR EACH ROW EXECUTE FUNCTION onestop_decision_check();

CREATE FUNCTION onestop_decision_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'onestop: a decision is never changed' USING ERRCODE = '23001';
END $$;
CREATE TRIGGER onestop_decision_keep BEFORE UPDATE ON onestop_decision
  FOR EACH ROW EXECUTE FUNCTION onestop_decision_keep();

CREATE FUNCTION onestop_posting_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.kind = 'publicity' AND NEW.state IN ('open', 'done') AND EXISTS (
      SELECT 1 FROM onestop_application a WHERE a.id = NEW.application_id AND a.mode = 'forbidden') THEN
    RAISE EXCEPTION 'onestop: publicity of this case is forbidden' USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER onestop_posting_check AFTER INSERT OR UPDATE ON onestop_task
  NOT DEFERRABLE FOR EACH ROW WHEN (NEW.kind = 'publicity') EXECUTE FUNCTION onestop_posting_check();

CREATE FUNCTION onestop_consent_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
      SELECT 1 FROM people_consent c JOIN onestop_member m ON m.person_id = c.person_id
      WHERE c.id = NEW.consent_id AND m.id = NEW.member_id AND c.purpose = 'onestop.check') THEN
    RAISE EXCEPTION 'onestop: a lookup needs the authorisation of the very member' USING ERRCODE = '23514';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER onestop_consent_check AFTER INSERT OR UPDATE OF consent_id, member_id ON onestop_lookup
  NOT DEFERRABLE FOR EACH ROW EXECUTE FUNCTION onestop_consent_check();
"""
BACKWARD = """
DROP FUNCTION onestop_consent_check() CASCADE;
DROP FUNCTION onestop_posting_check() CASCADE;
DROP FUNCTION onestop_decision_keep() CASCADE;
DROP FUNCTION onestop_decision_check() CASCADE;
DROP FUNCTION onestop_version_keep() CASCADE;
ALTER TABLE onestop_itemversion DROP CONSTRAINT one_valid_version;
DROP SEQUENCE onestop_application_number;
"""


class Migration(migrations.Migration):
    dependencies = [("onestop", "0001_cases")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
