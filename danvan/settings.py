"""The one settings file. It reads the environment and fails closed: without SECRET_KEY nothing starts."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu.entity import Exchange, Queue

from danvan.places import BASE_DIR, VAR_DIR
from messaging import channels_file

env = environ.Env()

SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set: put a long random text into the environment. Only `make demo` makes its own.")
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "danvan.apps.DanvanAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "mptt",
    "import_export",
    "units",
    "audit",
    "accounts",
    "reports",
    "danvan.apps.DanvanConfig",
]

MIDDLEWARE = [
    "danvan.tracing.follow_request",
    "danvan.middleware.forbid_devices",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages are made a sixth as long. Lengths tell a listener nothing of the one secret in them, the CSRF token: it is
    # masked anew for each page, and the middleware adds a length of chance (BREACH). Static files are compressed beforehand.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "danvan.language.ChosenLanguageMiddleware",
    "danvan.middleware.say_problems",
    "danvan.middleware.refuse_large",
    "audit.acting.note_request",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "danvan.middleware.name_reader",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.sessions.end_sessions",
    "audit.recording.note_files",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "danvan.replica.ReadFromReplica",
]

ROOT_URLCONF = "danvan.urls"
WSGI_APPLICATION = "danvan.wsgi.application"
ASGI_APPLICATION = "danvan.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Databases --------------------------------------------------------------------------------

DATABASE_URL = env.str("DATABASE_URL", default="")
EMBEDDED_DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(VAR_DIR / "danvan.sqlite3")}
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(DATABASE_URL) if DATABASE_URL else EMBEDDED_DATABASE}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # IMMEDIATE and WAL: a contended writer waits for its turn instead of failing (docs/dependencies.md).
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A copy that follows by streaming, which dashboards are read from while it is near enough (danvan/replica.py).
    if REPLICA_URL := env.str("REPLICA_URL", default=""):
        kept = {name: DATABASES["default"][name] for name in ("CONN_MAX_AGE", "CONN_HEALTH_CHECKS")}
        DATABASES["replica"] = env.db_url_config(REPLICA_URL) | kept | {"TEST": {"MIRROR": "default"}}
        DATABASES["replica"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 2)
DATABASE_ROUTERS = ["danvan.replica.Router"]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Broker, worker, scheduler ------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES: dict[str, dict[str, object]] = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL},
        "sessions": {
            "BACKEND": "accounts.session_cache.SessionCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 0.3, "socket_connect_timeout": 0.3},
        },
    }
    # Read from the cache, and from the database where the cache has lost them: a form asks for its reader every few seconds.
    SESSION_ENGINE, SESSION_CACHE_ALIAS = "django.contrib.sessions.backends.cached_db", "sessions"

CELERY_BROKER_URL = REDIS_URL
# A message that nobody acknowledges comes back after this many seconds: longer than any task may run.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever: a broker that was away for an hour is no reason to end
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
# Jobs in the background take all processes but one (reports/services/background_jobs.py).
CELERY_WORKER_CONCURRENCY = env.int("CELERY_CONCURRENCY", default=3)
# Three kinds of work, so that a host may be given to one of them (`-Q`); a worker that is told nothing takes from all.
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), routing_key=name) for name in ("celery", "files", "mail")]
CELERY_TASK_ROUTES = {
    "reports.tasks.run_background_jobs": {"queue": "files"},
    "reports.tasks.remind": {"queue": "mail"},
    "reports.tasks.send_messages": {"queue": "mail"},
}
# Nothing to remember from tick to tick, hence no schedule file that a kill could leave broken.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
# A tick that no worker took before the next one comes is dropped, so that an absent worker leaves no heap behind.
CELERY_BEAT_SCHEDULE = {
    task.rpartition(".")[2]: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for task, seconds in {
        "reports.tasks.open_due_cycles": 300,
        "reports.tasks.sweep": 60,
        "reports.tasks.drain_rollups": 3,
        "reports.tasks.remind": 600,
        "reports.tasks.send_messages": 60,
        "reports.tasks.run_background_jobs": 10,
        "reports.tasks.expire_background_jobs": 600,
        "reports.tasks.tell_webhooks": 10,
        "accounts.tasks.disable_idle_accounts": 3600,
        "audit.tasks.seal_journal": 60,
    }.items()
}

# --- People -------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "accounts.passwords.Backend", "accounts.openid_accounts.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "accounts.passwords.LengthValidator", "OPTIONS": {"alone": 14, "beside": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# Whoever configures has a second factor; off in the demo alone, which says so.
SECOND_FACTOR = env.str("SECOND_FACTOR", default="").lower() not in ("no", "false", "off", "0")
OTP_TOTP_ISSUER = "Dân vận"
# After as many failures an account, or an address behind which an office may sit, is shut for a while (accounts/lockout.py).
SIGN_IN_FAILURES = env.int("SIGN_IN_FAILURES", default=5)
SIGN_IN_FAILURES_OF_ADDRESS = env.int("SIGN_IN_FAILURES_OF_ADDRESS", default=20)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("SIGN_IN_LOCK_MINUTES", default=15))
AXES_FAILURE_LIMIT = SIGN_IN_FAILURES
AXES_HANDLER = "accounts.lockout.Handler"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.refuse"
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_USERNAME_CALLABLE = "accounts.lockout.folded"
AXES_CLIENT_IP_CALLABLE = "audit.whence.address_of"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
# How many proxies of ours stand before this process: what they say of the address that a request came from is believed.
PROXIES = env.int("PROXIES", default=0)
# Minutes without a request after which a session ends: of whoever configures, and of everybody else.
IDLE_MINUTES_CONFIGURING = env.int("IDLE_MINUTES_CONFIGURING", default=15)
IDLE_MINUTES = env.int("IDLE_MINUTES", default=600)
# Kept for a day longer, so that whoever comes back is told why.
SESSION_COOKIE_AGE = max(IDLE_MINUTES, IDLE_MINUTES_CONFIGURING) * 60 + 86400
# Days after which an account that nobody signs in to is disabled; 0: never.
IDLE_DAYS = env.int("IDLE_DAYS", default=45)
# Seconds for which the link of an invitation is good.
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600
# A province's own identity provider (OpenID Connect; docs/security.md). Without an issuer there is none.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_SCOPES = env.str("OIDC_SCOPES", default="openid profile email")
# What people call it; its host where nothing is said.
OIDC_NAME = env.str("OIDC_NAME", default="")
# By what an account is found at the first sign-in: "email", which the provider has to have verified, or "username".
OIDC_MATCH = env.str("OIDC_MATCH", default="email")
OIDC_USERNAME_CLAIM = env.str("OIDC_USERNAME_CLAIM", default="preferred_username")
OIDC_CREATE = env.bool("OIDC_CREATE", default=False)
# What of the provider's `acr` and `amr` says that it asked for a second factor; nothing: ours is asked for.
OIDC_SECOND_FACTOR_ACR = env.list("OIDC_SECOND_FACTOR_ACR", default=[])
OIDC_SECOND_FACTOR_AMR = env.list("OIDC_SECOND_FACTOR_AMR", default=[])
# `no`: the provider alone signs in, but for the superusers whose names stand in BREAK_GLASS.
PASSWORD_SIGN_IN = env.bool("PASSWORD_SIGN_IN", default=True)
BREAK_GLASS = env.list("BREAK_GLASS", default=[])
# How many requests a minute one access token of a program is good for.
API_REQUESTS_A_MINUTE = env.int("API_REQUESTS_A_MINUTE", default=600)
# Whether webhooks may go to addresses inside one's own network, and without TLS: an address there is reached with this server's rights.
WEBHOOKS_TO_PRIVATE = env.bool("WEBHOOKS_TO_PRIVATE", default=False)
# Certificates of authorities (PEM) that are believed beside those of the system where something is sent outward.
OUTWARD_CA_BUNDLE = env.str("OUTWARD_CA_BUNDLE", default="")
if OUTWARD_CA_BUNDLE and not Path(OUTWARD_CA_BUNDLE).is_file():
    raise ImproperlyConfigured(f"OUTWARD_CA_BUNDLE names no file: {OUTWARD_CA_BUNDLE}")
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "reports:my-work"
LOGOUT_REDIRECT_URL = "login"

# --- Words, numbers and days --------------------------------------------------------------------

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="vi")
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["danvan.formats"]
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = CELERY_TIMEZONE = env.str("TIME_ZONE", default="Asia/Ho_Chi_Minh")
USE_TZ = True

# --- Files --------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = VAR_DIR / "media"
# A report's form has a field for each cell of its tables, which may have 500 rows (reports/domain/numbers.py).
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000

# What makes PDF out of Word files; where it isn't installed, pages say so.
SOFFICE = env.str("SOFFICE", default="soffice")
#: LibreOffice takes a processor and some 300 MB for each
SOFFICE_AT_ONCE = env.int("SOFFICE_AT_ONCE", default=2)

# --- Backups --------------------------------------------------------------------------------------

#: public keys of age; only who has the private one of one of them reads a backup
BACKUP_RECIPIENTS = env.list("BACKUP_RECIPIENTS", default=[])
BACKUP_DIR = Path(env.str("BACKUP_DIR", default="") or VAR_DIR / "backups")

# --- Mail ---------------------------------------------------------------------------------------

_mail = env.email_url_config(env.str("EMAIL_URL", default="") or "consolemail://")
# A reminder is claimed while the server waits for its content, which Django's own backend can't do (danvan/mail.py).
vars().update(_mail, EMAIL_BACKEND=_mail["EMAIL_BACKEND"].replace("django.core.mail.backends.smtp.", "danvan.mail."))
# Seconds for each of a mail server's answers but the last, for which danvan/mail.py has its own patience.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="danvan@localhost")

# Ways of telling people beside mail (docs/messages.md): a file of JSON, whose secrets stand in the environment.
CHANNELS: dict[str, Any] = {}
if CHANNELS_FILE := env.str("CHANNELS_FILE", default=""):
    try:
        CHANNELS = channels_file.read(Path(CHANNELS_FILE), env.ENVIRON)
    except ValueError as error:
        raise ImproperlyConfigured(f"CHANNELS_FILE: {error}") from error

# --- Security -----------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
HTTPS = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
# Off where the site's own name has other hosts below it that speak no HTTPS yet.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_INCLUDE_SUBDOMAINS", default=True)
# To be in browsers' own lists is asked for by whoever owns the registered domain, and never by one site below it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

# --- Import and export ----------------------------------------------------------------------------

IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_TMP_STORAGE_CLASS = "units.waiting_files.WaitingFiles"

# --- Watching -------------------------------------------------------------------------------------

# Without it /metrics does not exist.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"following": {"()": "danvan.tracing.Following"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {request_id} {task_id}: {message}", "style": "{"},
        "json": {"()": "danvan.tracing.JsonLines"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if env.str("LOG_FORMAT", default="line") == "json" else "line",
            "filters": ["following"],
        }
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
    # Whose debugging would write proofs of sign-ins into the log.
    "loggers": {"authlib": {"level": "WARNING"}},
}
# Celery keeps what it is given here, in its worker and its scheduler alike.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
