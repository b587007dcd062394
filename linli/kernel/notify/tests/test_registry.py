import pytest

from linli.kernel.notify.registry import delivery, register_templates, template, templates
from linli.kernel.notify.rules import TemplateError

FILE = """
version: 3
source: 试验
status: known
templates:
  - {code: room_of_test.told, title: 标题, text: "{words}", variables: [words]}
"""


def test_a_room_gives_its_own_templates_and_may_give_them_again(tmp_path):
    path = tmp_path / "notices.yaml"
    path.write_text(FILE, "utf-8")
    register_templates(path)
    register_templates(path)
    assert template("room_of_test.told").version == 3


def test_the_same_code_with_other_words_is_refused(tmp_path):
    path = tmp_path / "notices.yaml"
    path.write_text(FILE, "utf-8")
    register_templates(path)
    path.write_text(FILE.replace("标题", "别的"), "utf-8")
    with pytest.raises(TemplateError, match="重复"):
        register_templates(path)


def test_an_unknown_template_is_named():
    with pytest.raises(TemplateError, match="no.such"):
        template("no.such")


def test_every_template_names_source_and_status():
    assert {"identity.code", "notify.plain", "notify.trial"} <= {t.code for t in templates()}
    assert all(t.source and t.status in ("cited", "known", "to_confirm") for t in templates())


def test_the_lease_outlives_a_batch_of_gateways_that_all_time_out():
    from linli.kernel.notify.actions import AT_ONCE, SENDERS

    settings = delivery()
    assert AT_ONCE / SENDERS * (settings.connect + settings.read) < settings.lease
