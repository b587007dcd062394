"""Over HTTP, as the phone does it."""

import json
import uuid

import pytest
from django.test import Client

from linli.kernel.access.models import Role
from linli.kernel.access.queries import forget_roles
from linli.kernel.files import store
from linli.kernel.files.models import Attachment
from linli.kernel.files.tests.conftest import photo, sha

pytestmark = pytest.mark.django_db
FILES = "/api/v1/files"


@pytest.fixture
def phone(worker) -> Client:
    Role.objects.update_or_create(
        code="resident",
        defaults={"zh": "居民", "en": "Resident", "verbs": ["incidents.report"], "implicit": "account"},
    )
    forget_roles()
    client = Client()
    client.force_login(worker, backend="django.contrib.auth.backends.ModelBackend")
    yield client
    forget_roles()


def begin(client: Client, data: bytes, **changes):
    given = {
        "name": "现场.jpg",
        "size": len(data),
        "sha256": sha(data),
        "client_uuid": str(uuid.uuid4()),
        **changes,
    }
    return client.post(f"{FILES}/uploads", json.dumps(given), content_type="application/json")


def piece(client: Client, key: str, data: bytes, offset: object, digest: str | None = None):
    return client.patch(
        f"{FILES}/uploads/{key}",
        data,
        content_type="application/octet-stream",
        headers={"Upload-Offset": str(offset), "Upload-SHA256": digest or sha(data)},
    )


def whole(client: Client, data: bytes) -> dict:
    key = begin(client, data).json()["upload"]
    for at in range(0, len(data), 50_000):
        assert piece(client, key, data[at : at + 50_000], at).status_code == 200
    answer = client.post(f"{FILES}/uploads/{key}/finish")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_photo_goes_up_in_pieces_and_comes_down_clean(phone):
    done = whole(phone, photo())
    assert done["state"] == "ready"
    answer = phone.get(f"{FILES}/{done['id']}")
    body = b"".join(answer.streaming_content)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert b"SecretPhone" not in body and body.startswith(b"\xff\xd8")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"].startswith("private")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"] == "inline; filename*=UTF-8''%E7%8E%B0%E5%9C%BA.jpg"
    again = phone.get(f"{FILES}/{done['id']}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_thumbnail_comes_small_and_only_in_its_sizes(phone):
    done = whole(phone, photo())
    answer = phone.get(f"{FILES}/{done['id']}/thumb")
    body = b"".join(answer.streaming_content)
    assert answer.headers["Content-Type"] == "image/webp"
    assert body[8:12] == b"WEBP"
    assert phone.get(f"{FILES}/{done['id']}/thumb?size=5000").status_code == 422


def test_an_interrupted_upload_goes_on(phone):
    data, client_uuid = photo(), str(uuid.uuid4())
    key = begin(phone, data, client_uuid=client_uuid).json()["upload"]
    piece(phone, key, data[:1000], 0)
    wrong = piece(phone, key, data[5000:6000], 5000)
    assert (wrong.status_code, wrong.json()["offset"], wrong.headers["Upload-Offset"]) == (409, 1000, "1000")
    assert wrong.headers["Content-Type"].startswith("application/problem+json")
    assert phone.get(f"{FILES}/uploads/{key}").json()["offset"] == 1000
    assert begin(phone, data, client_uuid=client_uuid).json()["offset"] == 1000
    early = phone.post(f"{FILES}/uploads/{key}/finish")
    assert (early.status_code, early.json()["offset"]) == (409, 1000)


def test_bad_input_is_told_by_field(phone):
    assert begin(phone, photo(), size=11_000_000).status_code == 413
    answer = begin(phone, photo(), sha256="short")
    assert answer.status_code == 422
    assert "sha256" in answer.content.decode()
    key = begin(phone, photo()).json()["upload"]
    assert piece(phone, key, b"abc", "x").status_code == 422
    assert piece(phone, key, b"abc", 0, sha(b"abd")).status_code == 422
    assert piece(phone, key, b"x" * 524_289, 0).status_code == 413


def test_a_program_named_jpg_is_refused_with_words(phone):
    data = b"MZ" + b"\0" * 100
    key = begin(phone, data).json()["upload"]
    piece(phone, key, data, 0)
    answer = phone.post(f"{FILES}/uploads/{key}/finish")
    assert answer.status_code == 422
    assert "可执行程序" in answer.content.decode()


def test_a_stranger_gets_404_for_file_thumbnail_and_upload(phone, other):
    data = photo()
    done = whole(phone, data)
    stranger = Client()
    stranger.force_login(other, backend="django.contrib.auth.backends.ModelBackend")
    for path in (f"/{done['id']}", f"/{done['id']}/thumb", f"/uploads/{done['upload']}"):
        assert stranger.get(FILES + path).status_code == 404
        assert Client().get(FILES + path).status_code == 404
    assert piece(stranger, done["upload"], data[:10], 0).status_code == 404
    assert stranger.post(f"{FILES}/uploads/{done['upload']}/finish").status_code == 404


def test_a_file_gone_from_the_disk_is_told(phone):
    done = whole(phone, photo())
    store.remove(Attachment.objects.get().stored, (320, 1280))
    for path in (f"/{done['id']}", f"/{done['id']}/thumb"):
        answer = phone.get(FILES + path)
        assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")


def test_a_download_asks_few_questions(phone, django_assert_max_num_queries):
    done = whole(phone, photo())
    with django_assert_max_num_queries(8):
        phone.get(f"{FILES}/{done['id']}")
