from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0018_webhooks"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(condition=models.Q(("next_at__isnull", True)), fields=["tried_at"], name="webhook_delivery_over"),
        ),
    ]
