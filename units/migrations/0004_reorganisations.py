import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("units", "0003_agencies_report"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Reorganisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("file", "from a file"),
                            ("merge", "merge"),
                            ("split", "split"),
                            ("move", "move"),
                            ("rename", "rename"),
                            ("abolish", "abolish"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("effective_on", models.DateField(verbose_name="effective on")),
                (
                    "roles",
                    models.CharField(
                        choices=[
                            ("keep", "stay as they are"),
                            ("copy", "are also given at the successors"),
                            ("move", "go over to the successors, and stay where an open cycle still waits for the predecessor"),
                        ],
                        default="keep",
                        max_length=10,
                        verbose_name="roles at the predecessors",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="recorded at")),
                ("summary", models.CharField(blank=True, max_length=500, verbose_name="summary")),
                ("before", models.JSONField(default=dict, editable=False)),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone at")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="undone by",
                    ),
                ),
            ],
            options={
                "verbose_name": "reorganisation",
                "verbose_name_plural": "reorganisations",
                "ordering": ["-pk"],
            },
        ),
        migrations.AddField(
            model_name="succession",
            name="reorganisation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="successions",
                to="units.reorganisation",
                verbose_name="reorganisation",
            ),
        ),
    ]
