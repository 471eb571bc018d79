import os
import subprocess
import sys

from danvan.places import BASE_DIR


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=BASE_DIR, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )


def setting(name: str, **environment: str) -> str:
    return run("-c", f"from danvan import settings; print(settings.{name})", **environment).stdout.strip()


def test_without_a_secret_key_no_command_starts_and_one_line_says_why():
    refused = run("manage.py", "check", SECRET_KEY="")
    assert refused.returncode == 1
    assert refused.stderr == "SECRET_KEY is not set: put a long random text into the environment. Only `make demo` makes its own.\n"


def test_the_server_does_not_start_without_a_secret_key_either():
    refused = run("-c", "import danvan.wsgi", SECRET_KEY="")
    assert refused.returncode == 1
    assert "ImproperlyConfigured: SECRET_KEY is not set" in refused.stderr


def test_the_server_looks_for_no_garbage_in_what_it_loads_at_its_start():
    is_left_out = "len(gc.get_objects()) < gc.get_freeze_count()"
    code = f"import gc, sys; from danvan import wsgi; print('reports.views.report_page' in sys.modules, {is_left_out})"
    assert run("-c", code).stdout == "True True\n"


def test_debug_is_off_and_only_this_machine_is_served_unless_the_environment_says_otherwise():
    assert setting("DEBUG") == "False"
    assert setting("ALLOWED_HOSTS") == "['localhost', '127.0.0.1', '[::1]']"
    assert setting("ALLOWED_HOSTS", ALLOWED_HOSTS="a.example,b.example") == "['a.example', 'b.example']"
    assert setting("CSRF_TRUSTED_ORIGINS", CSRF_TRUSTED_ORIGINS="https://a.example") == "['https://a.example']"


def test_whoever_configures_has_a_second_factor_but_in_the_demo():
    assert setting("SECOND_FACTOR", SECOND_FACTOR="") == "True"
    asked = "from danvan import embedded; embedded.spare_the_second_factor(); from danvan import settings; print(settings.SECOND_FACTOR)"
    environment = {name: value for name, value in os.environ.items() if name != "SECOND_FACTOR"}
    ran = subprocess.run([sys.executable, "-c", asked], cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_the_database_is_sqlite_in_var_unless_one_is_named():
    assert setting("DATABASES['default']['NAME']", DATABASE_URL="") == str(BASE_DIR / "var" / "danvan.sqlite3")
    assert setting("DATABASES['default']['ENGINE']", DATABASE_URL="postgresql://u@h/d") == "django.db.backends.postgresql"


def test_redis_is_broker_and_cache_where_it_is_named():
    assert setting("CELERY_BROKER_URL", REDIS_URL="redis://h/1") == "redis://h/1"
    assert setting("CACHES['default']['LOCATION']", REDIS_URL="redis://h/1") == "redis://h/1"
    assert setting("CELERY_BROKER_URL", REDIS_URL="") == ""


def test_mail_goes_to_the_console_unless_a_server_is_named():
    assert setting("EMAIL_BACKEND", EMAIL_URL="") == "django.core.mail.backends.console.EmailBackend"
    assert setting("EMAIL_HOST", EMAIL_URL="smtp://mail.example:25") == "mail.example"
    assert setting("DEFAULT_FROM_EMAIL", DEFAULT_FROM_EMAIL="a@b.example") == "a@b.example"


def test_language_and_time_zone_are_the_ones_named():
    assert setting("LANGUAGE_CODE", LANGUAGE_CODE="en") == "en"
    assert (setting("TIME_ZONE"), setting("CELERY_TIMEZONE")) == ("Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Minh")


def test_a_folder_of_any_name_holds_the_embedded_database(tmp_path):
    var = tmp_path / "c# 100%?"
    assert setting("DATABASES['default']['NAME']", DATABASE_URL="", VAR_DIR=str(var)) == str(var / "danvan.sqlite3")


def test_a_mail_server_that_stays_silent_is_not_waited_for():
    assert setting("EMAIL_TIMEOUT", EMAIL_URL="smtp://mail.example:25") == "10"
