import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "danvan.settings")

application = get_wsgi_application()

# What is loaded stays: to look for garbage in it again and again held up one page in some tens for a tenth of a second.
get_resolver().url_patterns  # noqa: B018 - loads every view
gc.collect()
gc.freeze()
