import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.kernel.files.rules import LONGEST_NAME, bands, clean_name, dhash, distance, refusal, sniff

ALLOWED = ["image/jpeg", "image/png", "image/webp"]
hashes = st.integers(-(1 << 63), (1 << 63) - 1)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "application/octet-stream"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"MZ\x90\x00", "application/x-msdownload"),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04", "application/zip"),
        (b"  <svg xmlns=", "image/svg+xml"),
        (b"\xef\xbb\xbf<?xml version", "image/svg+xml"),
        (b"<!DOCTYPE html>", "text/html"),
        (b"GIF89a", "image/gif"),
        (b"#!/bin/sh", "text/x-script"),
        (b"", "application/octet-stream"),
    ],
)
def test_a_file_is_judged_by_its_bytes(head, expected):
    assert sniff(head).content_type == expected


def test_only_allowed_kinds_pass_and_the_others_are_told_the_remedy():
    assert refusal(sniff(b"\xff\xd8\xff"), ALLOWED) == ""
    assert "兼容性最佳" in refusal(sniff(b"\x00\x00\x00\x18ftypheic"), ALLOWED)
    assert "可执行程序" in refusal(sniff(b"MZ"), ALLOWED)


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("现场.jpg", "image/jpeg", "现场.jpg"),
        ("..\\..\\etc/passwd", "", "passwd"),
        ("井盖.exe", "image/png", "井盖.png"),
        ("a.tar.gz.jpg", "image/jpeg", "a.jpg"),
        ("gpj.\u202eexe.jpg", "image/jpeg", "gpj.jpg"),
        ("x\x00\r\ny.png", "image/png", "xy.png"),
        ("", "image/jpeg", "照片.jpg"),
        ("...", "", "照片"),
        ('<img src="x">', "", "_img src=_x__"),
    ],
)
def test_a_name_is_cleaned(name, content_type, expected):
    assert clean_name(name, content_type) == expected


@given(st.text(max_size=300), st.sampled_from(["", "image/jpeg", "image/webp"]))
def test_any_name_becomes_a_safe_one(name, content_type):
    clean = clean_name(name, content_type)
    assert 0 < len(clean) <= LONGEST_NAME
    assert not set(clean) & set('/\\\x00\r\n"<>')


def test_a_difference_hash_counts_rising_neighbours():
    assert dhash(list(range(9)) * 8) == -1  # every bit set
    assert dhash([7] * 72) == 0
    assert dhash([0, 1, *[0] * 70]) == -(1 << 63)


@given(hashes, hashes)
def test_a_distance_is_symmetric_and_within_64(one, other):
    assert distance(one, other) == distance(other, one) <= 64
    assert distance(one, one) == 0


@given(hashes, st.sets(st.integers(0, 63), max_size=3))
def test_hashes_at_most_three_bits_apart_share_a_band(one, flipped):
    bits = one & (1 << 64) - 1
    for place in flipped:
        bits ^= 1 << place
    other = bits - (1 << 64) if bits >= 1 << 63 else bits
    assert set(bands(one)) & set(bands(other))
    assert distance(one, other) == len(flipped)


@given(hashes)
def test_bands_fit_an_integer_column(one):
    assert all(0 <= band < 1 << 31 for band in bands(one))
