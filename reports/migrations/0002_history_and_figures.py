"""What the ORM has no word for: history that the database itself keeps from changing, and the long form of the figures."""

from django.db import migrations

APPEND_ONLY = ("reports_journalentry", "reports_submission", "reports_reviewnote")

LONG_FORM = """
CREATE VIEW report_figures AS
SELECT unit.uid AS unit_uid, cycle.code AS cycle, cycle.period AS period, report.state AS state, figure.key AS indicator, {value} AS value
FROM reports_report AS report
JOIN reports_cycle AS cycle ON cycle.id = report.cycle_id
JOIN units_unit AS unit ON unit.id = report.unit_id
CROSS JOIN {figures} AS figure
"""


def keep_history(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(
        """
        CREATE FUNCTION refuse_to_alter_history() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION USING MESSAGE = 'rows of ' || TG_TABLE_NAME || ' are never changed and never deleted';
        END $$
        """
    )
    for table in APPEND_ONLY:
        schema_editor.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_to_alter_history()"
        )


def forget_history(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in APPEND_ONLY:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS append_only ON {table}")
    schema_editor.execute("DROP FUNCTION refuse_to_alter_history()")


def show_figures(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        figures, value = "jsonb_each_text(report.own)", "figure.value"
    else:  # where json_each gives yes and no as 1 and 0
        figures, value = "json_each(report.own)", "CASE WHEN figure.type IN ('true', 'false') THEN figure.type ELSE figure.value END"
    schema_editor.execute(LONG_FORM.format(figures=figures, value=value))


def hide_figures(apps, schema_editor):
    schema_editor.execute("DROP VIEW report_figures")


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]

    operations = [
        migrations.RunPython(keep_history, forget_history),
        migrations.RunPython(show_figures, hide_figures),
    ]
