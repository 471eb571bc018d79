from typing import Any

from django.db import migrations

from units.levels import make_standard_levels


def make_levels(apps: Any, schema_editor: Any) -> None:
    make_standard_levels(apps.get_model("units", "Level"))


class Migration(migrations.Migration):
    dependencies = [("units", "0001_initial")]

    operations = [migrations.RunPython(make_levels, migrations.RunPython.noop)]
