"""Webhooks, set up by superusers alone, and the log of what they were told."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from audit.admin import Shown
from reports.models import Webhook, WebhookDelivery
from reports.models.journal import ACTION_LABELS
from reports.models.webhook import new_secret
from reports.services import telling
from units.admin import LightPages


class WebhookForm(forms.ModelForm):
    url = forms.URLField(label=_("Address"), max_length=500, assume_scheme="https", help_text=_("Begins with https://"))
    actions = forms.MultipleChoiceField(
        label=_("Actions"),
        choices=[(code, label) for code, label in ACTION_LABELS if code in telling.TOLD],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None: all of these."),
    )

    class Meta:
        model = Webhook
        fields = ("name", "url", "actions", "unit", "is_active")

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        if not url.startswith("https://") and not settings.WEBHOOKS_TO_PRIVATE:
            raise forms.ValidationError(_("The address begins with https://: what is sent must not be read on its way."))
        return url


@admin.register(Webhook)
class WebhookAdmin(LightPages):
    """The secret is shown once, as a webhook is made or its secret is renewed."""

    form = WebhookForm
    list_display = ["name", "url", "unit", "is_active"]
    list_select_related = ["unit"]
    autocomplete_fields = ["unit"]
    actions = ["renew"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Webhook | None = None) -> bool:
        return self.has_module_permission(request)

    has_change_permission = has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_module_permission(request)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """The log of what it was told goes with it: counted, since it may be long, and though nobody deletes a line of it."""
        webhooks = [webhook.pk for webhook in objs]
        counts = {
            str(Webhook._meta.verbose_name_plural): len(webhooks),
            str(WebhookDelivery._meta.verbose_name_plural): WebhookDelivery.objects.filter(webhook__in=webhooks).count(),
        }
        return [str(webhook) for webhook in objs], counts, set(), []

    def save_model(self, request: HttpRequest, obj: Webhook, form: Any, change: bool) -> None:
        """What was not changed here is left as it is: how far it was told goes on meanwhile."""
        if not change or "is_active" in form.changed_data:
            telling.begin(obj)
        if change:
            begun = ("told_upto", "mark", "marked_at") if "is_active" in form.changed_data else ()
            obj.save(update_fields=[*form.changed_data, *begun])
            return
        super().save_model(request, obj, form, change)
        self._show(request, obj)

    @admin.action(description=_("Renew the secret"))
    def renew(self, request: HttpRequest, webhooks: QuerySet[Webhook]) -> None:
        for webhook in webhooks:
            webhook.secret = new_secret()
            webhook.save(update_fields=["secret"])
            self._show(request, webhook)

    def _show(self, request: HttpRequest, webhook: Webhook) -> None:
        said = gettext("The secret of %(name)s, shown this one time: %(secret)s")
        messages.success(request, said % {"name": webhook.name, "secret": webhook.secret})


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(Shown):
    """What was told to whom, with what answer; what did not get through can be sent again."""

    list_display = ["message_id", "webhook", "action", "tries", "delivered_at", "status", "next_at", "error"]
    list_filter = ["webhook", ("delivered_at", admin.EmptyFieldListFilter), ("next_at", admin.EmptyFieldListFilter)]
    list_select_related = ["webhook", "entry"]
    actions = ["send_again"]  # type: ignore[assignment]

    @admin.action(description=_("Send again what did not get through"))
    def send_again(self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]) -> None:
        count = telling.send_again(deliveries, timezone.now())
        said = ngettext("%(count)d delivery is tried again.", "%(count)d deliveries are tried again.", count)
        messages.success(request, said % {"count": count})
