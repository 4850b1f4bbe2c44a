"""Claims about merging the embeddings of very many shards."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from autofocus.embeddings import merging
from autofocus.embeddings.caches import write_notes
from autofocus.features.embedding_cache import NoteCache
from tests.embeddings.made_up import make_embeddings
from tests.killing import tree


def test_more_shards_than_may_be_open_merge_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In groups, and groups of groups: never more are open, and the bytes are the same."""
    folders = [make_embeddings(tmp_path / f"{n}", range(2 * n, 2 * n + 2)) for n in range(5)]
    opened: list[int] = []

    def write_counted(sources: Sequence[NoteCache], target: NoteCache) -> None:
        opened.append(len(sources))
        write_notes(sources, target)

    monkeypatch.setattr("autofocus.embeddings.merging.write_notes", write_counted)
    monkeypatch.setattr(merging, "MOST_OPEN", 2)
    merging.merge_embeddings(folders, tmp_path / "merged")
    assert max(opened) == 2
    assert tree(tmp_path / "merged") == tree(make_embeddings(tmp_path / "one", range(10)))
