"""Users, with the units at which they serve (semantics §9). Nobody but themselves ever knows their password: they are invited."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import invitations, lockout, openid, passwords, personal_data, tokens
from accounts.models import ApiToken, ExternalIdentity
from accounts.views import file_about
from audit.admin import Shown
from units.admin import ConfiguredBySuperusers, ServiceImportExportMixin
from units.models import Membership
from units.problems import Refused
from units.resources import PeopleResource
from units.wording import say


class MembershipInline(admin.TabularInline):
    model = Membership
    autocomplete_fields = ["unit"]
    extra = 0


class InvitedForm(forms.ModelForm):
    """A new account, without a password: its owner is invited to choose one."""

    class Meta:
        model = User
        fields = ("username", "last_name", "first_name", "email")

    def save(self, commit: bool = True) -> Any:
        self.instance.set_unusable_password()
        return super().save(commit)


# Nobody reads anybody's keys, either.
admin.site.unregister([User, TOTPDevice, StaticDevice])


@admin.register(User)
class DanvanUserAdmin(ServiceImportExportMixin, ConfiguredBySuperusers, UserAdmin):
    """Users leave and come as a table too, with their rights: hence by superusers alone. Passwords are chosen by their owners alone."""

    resource_classes: ClassVar = [PeopleResource]
    unit_lookups: ClassVar = ["memberships__unit"]
    inlines = [MembershipInline]
    add_form = InvitedForm
    add_form_template = None
    add_fieldsets = [(None, {"fields": ["username", "last_name", "first_name", "email"]})]
    list_display = ["username", "last_name", "first_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    readonly_fields: ClassVar = ["at_provider", "last_login", "date_joined", "what_was_done", "what_is_kept"]
    search_help_text = _("User name, name or address.")
    show_full_result_count = False
    actions = ["invite", "unlock", "erase"]
    fieldsets = [
        (None, {"fields": ["username", "at_provider"]}),
        *(UserAdmin.fieldsets or ())[1:],
        (_("What was done"), {"fields": ["what_was_done", "what_is_kept"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).distinct()

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @admin.display(description=_("identity at the provider"))
    def at_provider(self, user: User) -> str:
        """Since when the account is bound, and to whose word. *Invite anew* unbinds it."""
        bound = ExternalIdentity.objects.filter(user=user).first()
        if bound is None:
            return "–"
        said = gettext("%(issuer)s, since %(day)s")
        return said % {"issuer": bound.issuer, "day": date_format(timezone.localtime(bound.bound_at), "SHORT_DATE_FORMAT")}

    @admin.display(description=_("in the journals"))
    def what_was_done(self, user: User) -> str:
        """Ways to all that this user did."""
        pages = (("reports_journalentry", gettext("with reports")), ("audit_auditentry", gettext("with everything else")))
        links = ((f"{reverse(f'admin:{page}_changelist')}?by__id__exact={user.pk}", words) for page, words in pages)
        return format_html_join(" · ", '<a href="{}">{}</a>', links)

    @admin.display(description=_("kept about the owner"))
    def what_is_kept(self, user: User) -> str:
        address = reverse("admin:auth_user_personal_data", args=[user.pk])
        return format_html('<a href="{}" download>{}</a>', address, gettext("everything, as a file (JSON)"))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            self._invite(request, obj)

    @admin.action(description=_("Invite anew: void the password and the second factor, and open the account"), permissions=["change"])
    def invite(self, request: HttpRequest, users: QuerySet[User]) -> None:
        for user in users:
            self._invite(request, user)
            self.log_change(request, user, gettext("Invited anew."))

    @admin.action(description=_("Unlock after failed attempts"), permissions=["change"])
    def unlock(self, request: HttpRequest, users: QuerySet[User]) -> None:
        count = sum(1 for user in users if lockout.unlock(user.get_username()))
        said = ngettext("%(count)d account was locked and is open now.", "%(count)d accounts were locked and are open now.", count)
        messages.success(request, said % {"count": count})

    @admin.action(description=_("Erase: take off who the owner is, and shut the account for good"), permissions=["change"])
    def erase(self, request: HttpRequest, users: QuerySet[User]) -> HttpResponse | None:
        """Ask once more, and erase."""
        if "confirmed" not in request.POST:
            context = {"title": gettext("Erase accounts"), "users": users, "opts": self.opts, **self.admin_site.each_context(request)}
            return render(request, "admin/auth/user/erase.html", context)
        for user in users:
            self._erase(request, user)
        return None

    def _erase(self, request: HttpRequest, user: User) -> None:
        former = user.get_username()
        try:
            name = personal_data.erase(user)
        except Refused as refused:
            messages.error(request, " ".join(say(problem) for problem in refused.problems))
            return
        self.log_change(request, user, gettext("Erased."))
        messages.success(request, gettext("%(former)s is erased, and called %(name)s from now on.") % {"former": former, "name": name})

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_safe(self.personal_data))
        others = [url for url in super().get_urls() if url.name != "auth_user_password_change"]
        return [path("<int:user_id>/personal-data/", view, name="auth_user_personal_data"), *others]

    def personal_data(self, request: HttpRequest, user_id: int) -> StreamingHttpResponse:
        """A copy of what is kept about somebody who can't sign in to take it."""
        if not request.user.is_superuser:
            raise PermissionDenied
        return file_about(get_object_or_404(User, pk=user_id))

    def _invite(self, request: HttpRequest, user: User) -> None:
        link = invitations.invite(user, request)
        said = gettext("%(user)s is invited; the link is good once, for %(days)d days, and was sent to %(address)s: %(link)s")
        unsent = gettext(
            "%(user)s is invited. There is no mail address: hand this link over yourself; it is good once, for %(days)d days: %(link)s"
        )
        elsewhere = gettext("%(user)s is invited, and signs in at %(provider)s: %(link)s")
        words = {"user": user.get_username(), "days": invitations.good_for().days, "address": user.email, "link": link}
        if not passwords.may_open(user):
            messages.success(request, elsewhere % {**words, "provider": openid.name()})
        else:
            messages.success(request, (said if user.email else unsent) % words)


@admin.register(ApiToken)
class ApiTokenAdmin(Shown):
    """Who lets programs act for them, and for what; a superuser may end that."""

    list_display = ["name", "user", "unit", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "unit"]
    search_fields = ["name", "user__username"]
    search_help_text = _("Its name, or the user's.")
    fields = ["user", "name", "good_for", "unit", "created_at", "expires_at", "last_used_at", "revoked_at"]
    readonly_fields = ["good_for"]
    actions = ["revoke"]  # type: ignore[assignment]

    @admin.display(description=_("good for"))
    def good_for(self, token: ApiToken) -> str:
        return "; ".join(token.scopes_in_words)

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        count = tokens.revoke(chosen, timezone.now())
        said = ngettext("%(count)d access token is revoked.", "%(count)d access tokens are revoked.", count)
        messages.success(request, said % {"count": count})
