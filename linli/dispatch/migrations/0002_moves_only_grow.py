"""A timeline is never rewritten: the database refuses changes of moves."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION dispatch_move_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'dispatch: moves are never changed' USING ERRCODE = '23001';
END $$;
CREATE TRIGGER dispatch_move_keep BEFORE UPDATE ON dispatch_move
  FOR EACH ROW EXECUTE FUNCTION dispatch_move_keep();
"""
BACKWARD = "DROP FUNCTION dispatch_move_keep() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0001_orders")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
