from typing import Any

from django.db import migrations

from units.levels import make_standard_levels


def make_the_level_of_agencies(apps: Any, schema_editor: Any) -> None:
    make_standard_levels(apps.get_model("units", "Level"))


class Migration(migrations.Migration):
    dependencies = [("units", "0002_levels")]

    operations = [migrations.RunPython(make_the_level_of_agencies, migrations.RunPython.noop)]
