import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "danvan.settings")

application = get_wsgi_application()

# What is loaded, with every view, stays: to look for garbage in it again and again held up one page in some tens for a tenth of a second.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
