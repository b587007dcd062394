"""Cases that were handed on before stand with the unit of their last lead order."""

from django.db import migrations

FOLLOW = """
UPDATE incidents_incident i SET unit = o.unit
FROM (
    SELECT DISTINCT ON (subject) split_part(subject, ':', 2)::bigint AS incident, unit
    FROM dispatch_workorder
    WHERE kind = 'incident.handle' AND role = 'lead' AND subject LIKE 'incidents.incident:%'
    ORDER BY subject, id DESC
) o
WHERE i.id = o.incident AND i.unit <> o.unit
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0002_promises_answers_examples"),
        ("dispatch", "0004_orders_assisting"),
    ]
    operations = [migrations.RunSQL(FOLLOW, migrations.RunSQL.noop)]
