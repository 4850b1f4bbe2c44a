"""Tests of digests as S3 computes them."""

import base64
from pathlib import Path

import pytest

from autofocus.store.checksums import CHECKSUMS, checksum, composite_checksum, multipart_etag


@pytest.mark.parametrize(
    ("name", "expected"),
    [("crc64nvme", "ae8b14860a799888"), ("crc32c", "e3069283"), ("crc32", "cbf43926")],
)
def test_the_check_values_of_crcs(name: str, expected: str) -> None:
    """The CRC of 123456789 is the one that catalogues of CRCs give."""
    digest = CHECKSUMS[name]()
    digest.update(b"123456789")
    assert digest.digest().hex() == expected


@pytest.mark.parametrize("name", sorted(CHECKSUMS))
def test_the_pieces_do_not_matter(name: str) -> None:
    """Long pieces, which are folded, give the same digest as single bytes."""
    data = bytes(number * number % 251 for number in range(150_001))
    digests = set()
    for size in (1, 4096, 5000, 65_537, len(data)):
        digest = CHECKSUMS[name]()
        for start in range(0, len(data), size):
            digest.update(data[start : start + size])
        digests.add(digest.digest())
    assert len(digests) == 1


def test_digests_of_parts(tmp_path: Path) -> None:
    """The digest of parts is that of their digests, with their number."""
    path = tmp_path / "file"
    path.write_bytes(b"aabb")
    # (printf aa | openssl md5 -binary; printf bb | openssl md5 -binary) | openssl md5
    assert multipart_etag(path, [2, 2]) == "2c6e5a40995fe4c3ed19a1ce141aa5f1-2"
    whole = CHECKSUMS["crc32"]()
    for part in (b"aa", b"bb"):
        each = CHECKSUMS["crc32"]()
        each.update(part)
        whole.update(each.digest())
    expected = base64.b64encode(whole.digest()).decode() + "-2"
    assert composite_checksum(path, [2, 2], CHECKSUMS["crc32"]) == expected
    assert checksum(path, CHECKSUMS["crc32"]) == "H7znPA=="
