"""Earlier name of `autofocus.features.embedding_cache`."""

from autofocus.features.embedding_cache import EmbeddingCache as Bottlenecks

__all__ = ["Bottlenecks"]
