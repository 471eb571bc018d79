#!/usr/bin/env python
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "danvan.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    if sys.argv[1:2] == ["demo"]:
        from danvan.embedded import provide_secret_key, spare_the_second_factor

        provide_secret_key()
        spare_the_second_factor()
    try:
        settings.INSTALLED_APPS  # noqa: B018 - reads the settings, so that what they refuse is one line
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
