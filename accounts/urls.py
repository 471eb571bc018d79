from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("", views.account, name="account"),
    path("password/", views.ChangePassword.as_view(), name="password"),
    path("second-factor/", views.set_up_second_factor, name="second-factor"),
    path("recovery-codes/", views.recovery_codes, name="recovery-codes"),
    path("second-step/", views.second_step, name="second-step"),
    path("invitation/<uidb64>/<token>/", views.Invitation.as_view(), name="invitation"),
]
