"""Under one's own account: where else than by mail one is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import contact_ways
from accounts.forms import AddressForm, CodeForm
from accounts.models import ContactWay
from messaging import channels
from messaging.channels import Messenger
from units.problems import Refused
from units.wording import say


@never_cache
@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def contact_way(request: HttpRequest, alias: str) -> HttpResponse:
    """Give an address, to which a code is sent; then the code."""
    messenger, at = _messenger(alias), timezone.now()
    user: Any = request.user
    is_code = "code" in request.POST
    address_form = AddressForm(messenger, request.POST if request.method == "POST" and not is_code else None)
    code_form = CodeForm(request.POST if is_code else None)
    if address_form.is_valid():
        with _saying_at(address_form, "address"):
            contact_ways.ask(user, messenger, address_form.cleaned_data["address"], at)
            return redirect("accounts:contact-way", alias)
    if code_form.is_valid():
        with _saying_at(code_form, "code"):
            contact_ways.confirm(user, alias, code_form.cleaned_data["code"], at)
            messages.success(request, _("From now on you are told by %(name)s too.") % {"name": messenger.name})
            return redirect("accounts:account")
    way = ContactWay.objects.filter(user=user, channel=alias).first()
    context = {"messenger": messenger, "way": way, "is_code_under_way": contact_ways.waits(way, at)}
    status = 422 if address_form.errors or code_form.errors else 200
    return render(request, "accounts/contact_way.html", context | {"address_form": address_form, "code_form": code_form}, status=status)


@contextmanager
def _saying_at(form: Form, field: str) -> Iterator[None]:
    """Show beside the field why it was refused."""
    try:
        yield
    except Refused as refused:
        for problem in refused.problems:
            form.add_error(field, say(problem))


@require_POST
@login_required
def set_replaces_mail(request: HttpRequest, alias: str) -> HttpResponse:
    """Be told there instead of by mail, or by both."""
    contact_ways.set_replaces_mail(request.user, _messenger(alias).alias, replaces=request.POST.get("replaces") == "yes")
    return redirect("accounts:account")


@require_POST
@login_required
def forget_contact_way(request: HttpRequest, alias: str) -> HttpResponse:
    """Be told there no more."""
    messenger = _messenger(alias)
    contact_ways.forget(request.user, alias)
    messages.success(request, _("You are told by %(name)s no more; your address there is deleted.") % {"name": messenger.name})
    return redirect("accounts:account")


def _messenger(alias: str) -> Messenger:
    found = channels.messenger(alias)
    if found is None:
        raise Http404
    return found
