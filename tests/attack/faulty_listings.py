"""Listings of a bucket that contradict themselves, a page at a time."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tests.attack.downloads import BUCKET
from tests.attack.faulty_s3 import LOGIN, Answer, Change, Request, refusal


@dataclass(frozen=True)
class ListingFault:
    """A fault of listings.

    Attributes:
        change: alters a page; the second argument is its number, from 1.
        is_healed: whether everything may arrive nevertheless.
    """

    change: Callable[[Answer, int], Answer]
    is_healed: bool = False


def _every(pattern: str, new: str, count: int = 0) -> ListingFault:
    return ListingFault(lambda page, _: page.edited(pattern, new, count))


def _on(number: int, change: Change) -> ListingFault:
    return ListingFault(lambda page, at: change(page) if at == number else page)


_ENTRY = "<Contents>.*?</Contents>"
LISTINGS: dict[str, ListingFault] = {
    "no token": _every("<NextContinuationToken>.*?</NextContinuationToken>", ""),
    "an empty token": _every("<NextContinuationToken>.*?<", "<NextContinuationToken><"),
    "the same token": _every("<NextContinuationToken>.*?<", "<NextContinuationToken>4<"),
    "no key": _every("<Key>.*?</Key>", "", 1),
    "an empty key": _every("<Key>.*?</Key>", "<Key></Key>", 1),
    "two keys in an entry": _every("(<Key>.*?</Key>)", r"\1\1", 1),
    "two sizes in an entry": _every("(<Size>.*?</Size>)", r"\1\1", 1),
    "no size": _every("<Size>.*?</Size>", "", 1),
    "no sizes": _every("<Size>.*?</Size>", ""),
    "an empty size": _every("<Size>.*?</Size>", "<Size></Size>", 1),
    "a negative size": _every("<Size>.*?</Size>", "<Size>-5</Size>", 1),
    "a size in words": _every("<Size>.*?</Size>", "<Size>many</Size>", 1),
    "an entry less than announced": _every(_ENTRY, "", 1),
    "an entry twice": _every(f"({_ENTRY})", r"\1\1", 1),
    "a wrong number": _every("<KeyCount>.*?<", "<KeyCount>2<"),
    "a number in words": _every("<KeyCount>.*?<", "<KeyCount>some<"),
    "a time that is none": _every("<LastModified>.*?<", "<LastModified>today<"),
    "another bucket": _every("<Name>.*?<", "<Name>other<"),
    "a login page": ListingFault(lambda *_: LOGIN),
    "a login page as XML": ListingFault(
        lambda *_: Answer(200, {}, b"<?xml version='1.0'?><html><body>log in</body></html>")
    ),
    "nothing": ListingFault(lambda *_: Answer(200)),
    "nothing (204)": ListingFault(lambda *_: Answer(204)),
    "no XML": ListingFault(lambda *_: Answer(200, {}, b"<ListBucketResult><Conte")),
    "half a page": ListingFault(lambda page, _: page.halved()),
    "half a page at its end": ListingFault(
        lambda page, _: replace(page, sent=len(page.body) // 2)
    ),
    "another answer": ListingFault(
        lambda *_: Answer(200, {}, b"<ListAllMyBucketsResult></ListAllMyBucketsResult>")
    ),
    "a bomb of entities": ListingFault(
        lambda *_: Answer(
            200,
            {},
            b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>"
            + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 99) for n in range(9))
            + b"]><ListBucketResult><Name>&j;</Name></ListBucketResult>",
        )
    ),
    "the end too soon": ListingFault(
        lambda page, _: page.edited("<IsTruncated>true", "<IsTruncated>false").edited(
            "<NextContinuationToken>.*?</NextContinuationToken>", ""
        ),
        is_healed=True,
    ),
    "the end too soon, with a token": ListingFault(
        lambda page, _: page.edited("<IsTruncated>true", "<IsTruncated>false"), is_healed=True
    ),
    "no word of the end": ListingFault(
        lambda page, _: page.edited("<IsTruncated>.*?</IsTruncated>", "").edited(
            "<NextContinuationToken>.*?</NextContinuationToken>", ""
        ),
        is_healed=True,
    ),
    "denied at the second page": _on(2, lambda _: refusal(403, "AccessDenied")),
    "a login page at the second page": _on(2, lambda _: LOGIN),
    "a redirect at the second page": _on(
        2, lambda _: Answer(302, {"Location": "http://127.0.0.1:1/login"})
    ),
    # boto3 takes it for a failure, which passes.
    "an S3 error with status 200 at the second page": replace(
        _on(2, lambda _: refusal(200, "InternalError")), is_healed=True
    ),
}


class Pages:
    """A server whose pages hold few keys, and what is wrong with them.

    Args:
        fault: of the pages.
        size: the number of keys of a page.
    """

    def __init__(self, fault: ListingFault, size: int = 4) -> None:
        self._fault = fault
        self._size = size
        self._entries: list[str] = []
        self._pages = 0

    def __call__(self, request: Request, real: Callable[[], Answer]) -> Answer:
        """Answer with a page of the server's listing."""
        if not request.is_listing or request.is_probe:
            return real()
        if not {"continuation-token", "start-after"} & set(request.query):
            self._entries = re.findall(_ENTRY, real().body.decode(), flags=re.DOTALL)
        self._pages += 1
        return self._fault.change(self._page(request.query), self._pages)

    def _page(self, query: Mapping[str, str]) -> Answer:
        after = query.get("start-after", "")
        entries = [entry for entry in self._entries if _key_of(entry) > after]
        start = int(query.get("continuation-token", "0"))
        page = entries[start : start + self._size]
        end = start + self._size
        is_cut = end < len(entries)
        more = f"<NextContinuationToken>{end}</NextContinuationToken>" if is_cut else ""
        text = (
            f"<?xml version='1.0'?><ListBucketResult><Name>{BUCKET}</Name>"
            f"<KeyCount>{len(page)}</KeyCount><IsTruncated>{str(is_cut).lower()}</IsTruncated>"
            f"{more}{''.join(page)}</ListBucketResult>"
        )
        return Answer(200, {"Content-Type": "application/xml"}, text.encode())


def _key_of(entry: str) -> str:
    return entry.partition("<Key>")[2].partition("</Key>")[0]
