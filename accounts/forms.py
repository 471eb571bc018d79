"""What people fill in about their own accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext_lazy as _

from accounts import second_factor, tokens
from accounts.models import OF_PROGRAMS, Scope
from messaging.channels import Messenger
from units.models import Unit


class DigitsForm(forms.Form):
    """The digits that an authenticator shows."""

    digits = forms.CharField(
        label=_("The six digits that the application shows now"),
        max_length=9,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )

    def clean_digits(self) -> str:
        return str(self.cleaned_data["digits"]).replace(" ", "")


class SecondStepForm(forms.Form):
    """Digits or a recovery code of a user who has given the right password; `device` is what proved it."""

    digits = forms.CharField(
        label=_("The six digits of your application, or a recovery code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )

    def __init__(self, user: AbstractBaseUser, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.device = user, None

    def clean_digits(self) -> str:
        given = str(self.cleaned_data["digits"])
        if second_factor.has_to_wait(self.user):
            raise forms.ValidationError(_("There were wrong digits just before. Wait a few seconds, then type the ones shown then."))
        self.device = second_factor.proven(self.user, given)
        if self.device is None:
            raise forms.ValidationError(
                _("These are not the digits shown now, or were used already. Type the next ones; the telephone's clock has to be right.")
            )
        return given


class TokenForm(forms.Form):
    """What a new access token shall be good for."""

    name = forms.CharField(label=_("What it is for"), max_length=100, help_text=_("For instance the program that will use it."))
    scopes = forms.MultipleChoiceField(label=_("Good for"), choices=OF_PROGRAMS, widget=forms.CheckboxSelectMultiple)
    unit = forms.ModelChoiceField(Unit.objects.none(), label=_("Only as at"), required=False, empty_label=_("all my units"))
    days = forms.TypedChoiceField(
        label=_("Good for how many days"), choices=[(days, str(days)) for days in tokens.DAYS], coerce=int, initial=tokens.DAYS[1]
    )

    def __init__(self, user: AbstractBaseUser, *args: Any, may_configure: bool, **kwargs: Any) -> None:
        """`may_configure`: the administration would let this session in."""
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["unit"].queryset = tokens.units_of(user)  # type: ignore[attr-defined]
        offered = [(scope, label) for scope, label in OF_PROGRAMS if may_configure or scope != Scope.CONFIGURE]
        self.fields["scopes"].choices = offered  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """What is configured is the whole administration's: it can't be narrowed to a unit."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("unit") and Scope.CONFIGURE in cleaned.get("scopes", ()):
            self.add_error("unit", _("A token that configures is good for all your units: choose no unit, or don't let it configure."))
        return cleaned


class AddressForm(forms.Form):
    """An address on a messenger, to which a code is sent."""

    address = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}))

    def __init__(self, messenger: Messenger, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["address"].label = _("Your address on %(name)s") % {"name": messenger.name}
        self.fields["address"].help_text = messenger.hint


class CodeForm(forms.Form):
    """The code that came."""

    code = forms.CharField(
        label=_("The six digits that came"),
        max_length=9,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).replace(" ", "")
