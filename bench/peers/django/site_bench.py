# SPDX-License-Identifier: GPL-3.0-or-later
"""GET /ailice/api/items/{id} by Django under uwsgi: settings, model, middleware, view and urls of a small site, as it is
usually put together. The caller by the ORM, the statement as it is; connections are kept."""
import os
import time

import django
import jwt
import redis
from django.conf import settings

WINDOW = 3600
KEY = bytes.fromhex(os.environ["BENCH_KEY"])
LIMIT = int(os.environ["BENCH_LIMIT"])
words = dict(word.split("=", 1) for word in os.environ["BENCH_DATABASE"].split())
settings.configure(
    DEBUG=False, SECRET_KEY=os.environ["BENCH_KEY"], ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
    INSTALLED_APPS=["django.contrib.postgres"], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware",
                f"{__name__}.caller", f"{__name__}.limit"],
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "HOST": words["host"], "USER": words["user"],
                           "NAME": words["dbname"], "CONN_MAX_AGE": None}})
django.setup()

from django.contrib.postgres.fields import ArrayField                # noqa: E402
from django.core.wsgi import get_wsgi_application                     # noqa: E402
from django.db import connection, models                             # noqa: E402
from django.http import HttpResponse, JsonResponse                   # noqa: E402
from django.urls import path                                         # noqa: E402
from django.utils.timezone import datetime, utc                      # noqa: E402
from django.views.decorators.http import require_GET                 # noqa: E402


class Account(models.Model):
    product = models.TextField()
    role = models.TextField()
    tokens_valid_after = models.DateTimeField()
    revoked = ArrayField(models.UUIDField())
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "bench"
        db_table = "account"
        managed = False


def refusal(status, detail):
    return JsonResponse({"detail": detail}, status=status)


def caller(get_response):
    def middleware(request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            claims = jwt.decode(token, KEY, algorithms=["HS256"], audience="ailice", issuer="millrace")
        except jwt.InvalidTokenError:
            return refusal(401, "The access token is not valid")
        if scheme != "Bearer" or claims["typ"] != "access":
            return refusal(401, "Authentication is required")
        request.account = Account.objects.filter(
            pk=claims["sub"], product="ailice", deleted_at=None,
            tokens_valid_after__lte=datetime.fromtimestamp(claims["iat"], utc)
        ).exclude(revoked__contains=[claims["jti"]]).only("id", "role").first()
        if request.account is None:
            return refusal(401, "The access token is no longer valid")
        return get_response(request)
    return middleware


counters = redis.Redis(unix_socket_path=os.environ["BENCH_REDIS"])


def limit(get_response):
    def middleware(request):
        key = f"django:{request.account.pk}:{int(time.time()) // WINDOW}"
        count = counters.incr(key)
        if count == 1:
            counters.expire(key, WINDOW)
        return get_response(request) if count <= LIMIT else refusal(429, "Too many requests")
    return middleware


@require_GET
def item(request, item_id):
    with connection.cursor() as cursor:
        cursor.execute("select ailice.item_json(i)::text as body from ailice.item i where i.id = %s and i.account_id = %s",
                       [item_id, request.account.pk])
        found = cursor.fetchone()
    return HttpResponse(found[0], content_type="application/json") if found else refusal(404, "There is no such resource")


urlpatterns = [path("ailice/api/items/<int:item_id>", item)]
application = get_wsgi_application()
