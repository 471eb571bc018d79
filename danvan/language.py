from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware

#: where programs ask, each in the language that it says
API = "/api/"


class ChosenLanguageMiddleware(LocaleMiddleware):
    """The language is the one chosen with the switch, or else the project's own: a browser set to English doesn't decide."""

    def process_request(self, request: HttpRequest) -> None:
        if not request.path_info.startswith(API):
            request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        super().process_request(request)
