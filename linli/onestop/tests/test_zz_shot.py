import os, json
import pytest
from linli.onestop.tests.conftest import *  # noqa
from linli.onestop.tests.test_pages_faces import chromium, visit, AXE, WCAG, own_files  # noqa
from linli.onestop.tests.test_scans_actions import drafted, told, dark_photo, INCOME
from linli.onestop.models import Scan
from linli.onestop import actions
from linli.onestop.scans.fields import Found, Reading
pytestmark = pytest.mark.django_db(transaction=True)
def test_look(county, visit):
    row, scan = drafted(county, dark_photo(), **{"月收入（元）": "1800"})
    told(scan, Reading("income", INCOME.fields | {"name": Found("赵六",0.9)}))
    wrong=[]; axe=AXE.read_text("utf-8")
    def look(page, name):
        page.screenshot(path=f"/tmp/scan_{name}.png", full_page=True)
        page.evaluate(axe)
        said=page.evaluate("(tags) => axe.run({ runOnly: tags }).then((said) => said.violations.map((one) => one.id+JSON.stringify(one.nodes.map(n=>n.html))))", WCAG)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"): said.append("scroll")
        wrong.extend((name, one) for one in said)
    for w in (390,1440):
        look(visit(f"/my/cases/{row.pk}/apply/papers/", who="resident", width=w), f"papers{w}")
        look(visit(f"/my/cases/{row.pk}/readings/{scan.pk}/", who="resident", width=w), f"reading{w}")
    actions.submit(by=county.actor("resident"), application=row.pk, signed=True, despite_missing=True)
    for w in (390,1440):
        look(visit(f"/my/cases/{row.pk}/", who="resident", width=w), f"progress{w}")
        look(visit(f"/onestop/cases/{row.pk}/", who="window", width=w), f"case{w}")
        look(visit(f"/onestop/cases/{row.pk}/readings/{scan.pk}/", who="window", width=w), f"check{w}")
    print(wrong); assert wrong==[]
