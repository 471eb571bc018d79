from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from accounts.views import SignIn, SignOut
from danvan import installable
from danvan.health import healthz, readyz
from danvan.icon import favicon
from danvan.metrics import metrics
from reports.api.site import urls as api

admin.autodiscover()

urlpatterns = [
    path("", include("reports.urls", namespace="reports")),
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", SignOut.as_view(), name="logout"),
    path("account/", include("accounts.urls", namespace="accounts")),
    path("i18n/", set_language, name="set_language"),
    path("api/v1/", api),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("favicon.ico", favicon, name="favicon"),
    path("manifest.webmanifest", installable.manifest, name="manifest"),
    path("sw.js", installable.service_worker, name="service-worker"),
    path("offline/", installable.offline, name="offline"),
]
