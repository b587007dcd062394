from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0004_orders_assisting")]
    operations = [
        migrations.AddIndex(
            model_name="workorder",
            index=models.Index(
                fields=["due_at", "id"],
                condition=models.Q(("state__in", ["raised", "disputed"])),
                name="order_to_place",
            ),
        ),
    ]
