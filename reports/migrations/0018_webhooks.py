import django.db.models.deletion
from django.db import migrations, models

import reports.models.webhook


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0017_answered_requests"),
        ("units", "0004_reorganisations"),
    ]

    operations = [
        migrations.CreateModel(
            name="Webhook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("url", models.URLField(help_text="Begins with https://", max_length=500, verbose_name="address")),
                (
                    "secret",
                    models.CharField(default=reports.models.webhook.new_secret, editable=False, max_length=100, verbose_name="secret"),
                ),
                ("actions", models.JSONField(blank=True, default=list, verbose_name="actions")),
                ("is_active", models.BooleanField(default=True, verbose_name="switched on")),
                ("told_upto", models.BigIntegerField(default=0, editable=False)),
                ("mark", models.BigIntegerField(default=0, editable=False)),
                ("marked_at", models.DateTimeField(editable=False, null=True)),
                (
                    "unit",
                    models.ForeignKey(
                        blank=True,
                        help_text="It and all below it; empty: all.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="units.unit",
                        verbose_name="unit",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook",
                "verbose_name_plural": "webhooks",
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                ("tried_at", models.DateTimeField(null=True, verbose_name="last tried at")),
                ("next_at", models.DateTimeField(null=True, verbose_name="next try at")),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered at")),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="answer")),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="error")),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reports.journalentry",
                        verbose_name="journal entry",
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="reports.webhook", verbose_name="webhook"
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery of a webhook",
                "verbose_name_plural": "deliveries of webhooks",
                "ordering": ["-pk"],
                "indexes": [models.Index(condition=models.Q(("next_at__isnull", False)), fields=["next_at"], name="webhook_delivery_next")],
                "constraints": [models.UniqueConstraint(fields=("webhook", "entry"), name="webhook_delivery_once")],
            },
        ),
    ]
