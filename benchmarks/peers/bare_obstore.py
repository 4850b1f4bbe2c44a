"""The bytes of a bucket's objects in files, by obstore alone: nothing is verified or recorded."""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
from obstore.store import S3Store

# As many as s5cmd would use are no faster, nor are fewer.
THREADS = 32


def main(bucket: str, folder: Path) -> None:
    """Download all objects of a bucket into a folder."""
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    store = S3Store(bucket, config={"endpoint": endpoint}, client_options={"allow_http": True})
    keys = list(_keys(store))
    for parent in {(folder / key).parent for key in keys}:
        parent.mkdir(parents=True)

    def fetch(key: str) -> None:
        with open(f"{folder}/{key}", "wb") as file:  # noqa: PTH123 - pathlib takes longer
            file.write(obstore.get(store, key).bytes())

    with ThreadPoolExecutor(THREADS) as threads:
        for _ in threads.map(fetch, keys):
            pass


def _keys(store: S3Store) -> Iterator[str]:
    for page in obstore.list(store, chunk_size=1000):
        yield from (item["path"] for item in page)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
