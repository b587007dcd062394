import json, uuid
import pytest
from django.test import Client
from linli.incidents.tests.conftest import LAT, LON, Town
from django.test.utils import CaptureQueriesContext
from django.db import connection

def test_it(town: Town) -> None:
    c = Client()
    for loc in ("113.63,28.141", {"lon": 113.63, "lat": 28.141}, "人民路口", "28.141,113.63"):
        with CaptureQueriesContext(connection, ) as q:
            r = c.post("/api/event/report", json.dumps({"type": "垃圾", "location": loc, "description": "垃圾成堆"}), content_type="application/json")
        print(r.status_code, r.content.decode(), r.headers.get("X-Tracking-Code"), len(q))
    for x in q.captured_queries: print(x["sql"][:150])
    for i in range(3):
        with CaptureQueriesContext(connection, ) as q:
            r = c.post("/api/v1/reports", json.dumps({"class": "sr.litter", "location": {"lon": LON, "lat": LAT}, "description": "垃圾成堆","client_uuid":str(uuid.uuid4())}), content_type="application/json")
        print(r.status_code, r.content.decode(), len(q))
    for x in q.captured_queries: print(x["sql"][:150])
    print(c.get("/api/v1/openapi.json").status_code)
    r = c.get("/api/v1/openapi.json").json()
    print(json.dumps(r["paths"]["/api/v1/reports"], ensure_ascii=False)[:1500])
    print(c.get("/api/v1/incidents").content.decode())
    print(c.get("/api/v1/reports/abc").content.decode())
    print(c.get("/api/v1/reports/99999999999999999999999").content.decode())
    print(c.get("/api/v1/classes").content.decode()[:300])
    assert 0
