from django.urls import path

from accounts import contact_views, openid_views, views

app_name = "accounts"

urlpatterns = [
    path("", views.account, name="account"),
    path("data/", views.data, name="data"),
    path("data/file/", views.data_file, name="data-file"),
    path("password/", views.ChangePassword.as_view(), name="password"),
    path("second-factor/", views.set_up_second_factor, name="second-factor"),
    path("recovery-codes/", views.recovery_codes, name="recovery-codes"),
    path("tokens/new/", views.new_token, name="new-token"),
    path("calendar/", views.new_calendar, name="new-calendar"),
    path("tokens/<int:token_id>/revoke/", views.revoke_token, name="revoke-token"),
    path("told-by/<slug:alias>/", contact_views.contact_way, name="contact-way"),
    path("told-by/<slug:alias>/mail/", contact_views.set_replaces_mail, name="replaces-mail"),
    path("told-by/<slug:alias>/forget/", contact_views.forget_contact_way, name="forget-contact-way"),
    path("second-step/", views.second_step, name="second-step"),
    path("openid/", openid_views.openid_sign_in, name="openid"),
    path("openid/return/", openid_views.openid_return, name="openid-return"),
    path("invitation/<uidb64>/<token>/", views.Invitation.as_view(), name="invitation"),
]
