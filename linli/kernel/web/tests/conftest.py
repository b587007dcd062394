import copy
from pathlib import Path

import pytest

from linli.kernel.actor import Actor, Scope
from linli.kernel.identity.models import Account
from linli.kernel.web.tests import pages

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def little_town(settings):
    """The pages of tests/pages.py, mounted alone."""
    settings.ROOT_URLCONF = "linli.kernel.web.tests.urls"
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"] = [HERE / "templates"]
    settings.TEMPLATES = templates
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.STATICFILES_DIRS = [
        ("lib", settings.BASE.parent / "node_modules")
    ]  # what npm installed, axe included
    settings.CSRF_FAILURE_VIEW = "linli.kernel.web.answers.csrf_failure"
    pages.SENT.clear()


@pytest.fixture
def wang(db):
    return Account.objects.create_user("wang", password="a-long-password", name="王敏")


@pytest.fixture
def stranger(db):
    return Account.objects.create_user("stranger", password="a-long-password", name="外人")


@pytest.fixture
def clerk(wang):
    """An actor who may do everything of the frame's test verbs."""
    return Actor(wang.pk, "account", "王敏", (Scope("clerk", "430181", "", frozenset({"tests.*"})),))
