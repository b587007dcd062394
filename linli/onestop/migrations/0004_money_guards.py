"""What no code may do with money: grant without approval, grant one month twice, alter what was paid or decided."""

from django.db import migrations

FORWARD = """
ALTER TABLE onestop_entitlement ADD CONSTRAINT one_entitlement_a_month
  EXCLUDE USING gist (int8range(item_id, item_id, '[]') WITH &&, int8range(whose, whose, '[]') WITH &&,
                      months WITH &&)
  WHERE (kind <> 'one_off');
ALTER TABLE onestop_entitlement ADD CONSTRAINT entitled_by_whole_months
  CHECK (isempty(months) OR (lower(months) IS NOT NULL AND EXTRACT(DAY FROM lower(months)) = 1
         AND (upper(months) IS NULL OR EXTRACT(DAY FROM upper(months)) = 1)));

CREATE FUNCTION onestop_entitlement_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM onestop_decision d WHERE d.id = NEW.decision_id AND d.outcome = 'approve') THEN
    RAISE EXCEPTION 'onestop: nobody is entitled without an approval' USING ERRCODE = '23514';
  END IF;
  IF TG_OP = 'UPDATE' AND (NEW.decision_id, NEW.item_id, NEW.whose, NEW.kind, NEW.fen, NEW.first) IS DISTINCT FROM
                          (OLD.decision_id, OLD.item_id, OLD.whose, OLD.kind, OLD.fen, OLD.first) THEN
    RAISE EXCEPTION 'onestop: what was granted changes by adjustments only' USING ERRCODE = '23001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER onestop_entitlement_check BEFORE INSERT OR UPDATE ON onestop_entitlement
  FOR EACH ROW EXECUTE FUNCTION onestop_entitlement_check();

CREATE FUNCTION onestop_payline_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'onestop: a line of money is never deleted' USING ERRCODE = '23001';
  END IF;
  IF (NEW.transfer_id, NEW.entitlement_id, NEW.month, NEW.kind, NEW.fen) IS DISTINCT FROM
     (OLD.transfer_id, OLD.entitlement_id, OLD.month, OLD.kind, OLD.fen) THEN
    RAISE EXCEPTION 'onestop: a line of money never changes' USING ERRCODE = '23001';
  END IF;
  IF NOT (NEW.state = OLD.state
          OR (OLD.state = 'waiting' AND NEW.state IN ('sent', 'void', 'paid'))
          OR (OLD.state = 'sent' AND NEW.state IN ('paid', 'failed', 'returned'))
          OR (OLD.state = 'paid' AND NEW.state = 'returned')) THEN
    RAISE EXCEPTION 'onestop: a line cannot go from % to %', OLD.state, NEW.state USING ERRCODE = '23001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER onestop_payline_keep BEFORE UPDATE OR DELETE ON onestop_payline
  FOR EACH ROW EXECUTE FUNCTION onestop_payline_keep();

CREATE FUNCTION onestop_adjustment_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'onestop: an adjustment is never changed, only followed by another' USING ERRCODE = '23001';
END $$;
CREATE TRIGGER onestop_adjustment_keep BEFORE UPDATE OR DELETE ON onestop_adjustment
  FOR EACH ROW EXECUTE FUNCTION onestop_adjustment_keep();

CREATE FUNCTION onestop_batch_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state IN ('sent', 'void') AND NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'onestop: a batch that was sent never changes' USING ERRCODE = '23001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER onestop_batch_keep BEFORE UPDATE ON onestop_batch
  FOR EACH ROW EXECUTE FUNCTION onestop_batch_keep();
"""
BACKWARD = """
DROP FUNCTION onestop_batch_keep() CASCADE;
DROP FUNCTION onestop_adjustment_keep() CASCADE;
DROP FUNCTION onestop_payline_keep() CASCADE;
DROP FUNCTION onestop_entitlement_check() CASCADE;
ALTER TABLE onestop_entitlement DROP CONSTRAINT entitled_by_whole_months;
ALTER TABLE onestop_entitlement DROP CONSTRAINT one_entitlement_a_month;
"""


class Migration(migrations.Migration):
    dependencies = [("onestop", "0003_money")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
