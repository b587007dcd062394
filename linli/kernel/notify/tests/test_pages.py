import pytest
from django.http import Http404
from django.test import RequestFactory

from linli.kernel.notify.models import Outbox
from linli.kernel.notify.pages import outbox

pytestmark = pytest.mark.django_db


def test_the_outbox_is_not_there_in_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(Http404):
        outbox(RequestFactory().get("/demo/outbox/"))


def test_the_demo_shows_the_code_it_would_have_sent(client, settings, django_assert_max_num_queries):
    settings.PRODUCTION = False
    Outbox.objects.create(channel="sms", address="13800000009", title="验证码", text="您的验证码是 <123456>")
    with django_assert_max_num_queries(4):
        answer = client.get("/demo/outbox/")
    assert answer.status_code == 200
    assert "您的验证码是 &lt;123456&gt;" in answer.content.decode()
