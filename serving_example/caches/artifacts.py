"""Model artifacts of a store that is slow to reach, kept in a folder of this machine.

The key is the digest of the content: what lies under it is right for ever, and is checked whenever
it is read. Only names move: the manifest is asked again every now and then. What somebody holds is
not evicted; the rest goes by the least of frequency times load time over bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections import Counter
from pathlib import Path
from typing import Final

from serving_example.artifacts import (
    ArtifactError,
    ArtifactStore,
    Lease,
    Manifest,
    ModelArtifact,
    UnknownModelError,
)
from serving_example.caches.interface import Counts, Seconds

__all__ = ["ArtifactCache"]

_LOCKS: Final = ".locks"
_FIRST_S_PER_BYTE: Final = 1e-8
"""A load of which nothing was measured: 100 MB a second, a network disk."""


class _Hold:
    """Somebody holds an artifact until it is called: it is not evicted, by any process."""

    __slots__ = ("_cache", "_digest", "_handle")

    def __init__(self, cache: ArtifactCache, digest: str, handle: int) -> None:
        self._cache, self._digest = cache, digest
        self._handle: int | None = handle

    def __call__(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            self._cache.released(self._digest)
            os.close(handle)


class _Use:
    """How much an artifact is wanted."""

    __slots__ = ("at", "count", "load_s")

    def __init__(self) -> None:
        self.count, self.at = 0.0, 0.0
        self.load_s: float | None = None


class ArtifactCache:
    """Reads artifacts of a store, from this machine where they are here. Safe for many threads.

    Many processes may share a folder: a lock for each digest, which the system frees when a process
    dies, lets one of them fetch, and nobody evict what another one holds.

    Args:
        source: Where artifacts come from: a folder on another machine's disk.
        folder: Where they are kept.
        max_bytes: What all of them may take here.
        clock: Monotonic seconds.
        revalidate_s: So long the manifest is taken as it was read.
        half_life_s: A use counts half after so long.

    Attributes:
        name: ``artifacts``.
        counts: What has happened. A miss is a fetch from the source.
    """

    name = "artifacts"

    def __init__(
        self,
        source: ArtifactStore,
        folder: str | os.PathLike[str],
        *,
        max_bytes: int,
        clock: Seconds,
        revalidate_s: float = 1.0,
        half_life_s: float = 3600.0,
    ) -> None:
        self._source, self._here, self.max_bytes = source, ArtifactStore(folder), max_bytes
        self._clock, self._revalidate_s, self._half_life_s = clock, revalidate_s, half_life_s
        self.counts = Counts()
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._uses: dict[str, _Use] = {}
        self._manifest: tuple[Manifest, float] | None = None
        self._s_per_byte = _FIRST_S_PER_BYTE

    def __len__(self) -> int:
        return len(self._here.digests())

    @property
    def held_bytes(self) -> int:
        """What lies in the folder."""
        return sum(map(self._here.size, self._here.digests()))

    def manifest(self) -> Manifest:
        """The names, at most `revalidate_s` old; older ones while the source cannot be read.

        Raises:
            ArtifactError: The manifest was altered, and none was read before.
            OSError: The source cannot be read, and never could.
        """
        now, known = self._clock(), self._manifest
        if known is not None and known[1] <= now < known[1] + self._revalidate_s:
            return known[0]
        try:
            found = self._source.manifest()
        except (ArtifactError, OSError):
            if known is None:
                raise
            self.counts.stale += 1
            return known[0]
        self._manifest = found, now
        return found

    def digest(self, name: str) -> str:
        """The digest that a name stands for.

        Raises:
            UnknownModelError: There is no such name.
        """
        names = self.manifest().names
        if name not in names:
            raise UnknownModelError(
                f"no model is named {name!r}; there are: {', '.join(sorted(names)) or 'none'}",
                hint="publish it, or ask for one of those",
            )
        return names[name]

    def get(self, digest: str) -> ModelArtifact:
        """An artifact, which may be evicted at once; see `ArtifactStore.get`."""
        lease = self.lease(digest)
        lease.release()
        return lease.artifact

    def lease(self, digest: str) -> Lease:
        """Holds an artifact, which is fetched if it is not here: by one thread, of one process.

        Raises:
            UnknownModelError: The source has none under this digest.
            ArtifactError: What the source has was altered or cut off.
            OSError: The source cannot be read, or this disk.
        """
        self._here.size(digest)  # refuses what is no digest before it names a file
        with self._lock:
            self._held[digest] += 1
            self._use(digest)
        try:
            return self._leased(digest)
        except BaseException:
            self.released(digest)
            raise

    def peek(self, key: str) -> ModelArtifact | None:
        """An artifact that is here and whole."""
        with contextlib.suppress(ArtifactError):
            return self._here.get(key)
        return None

    def clear(self) -> None:
        """Removes what nobody holds."""
        for digest in self._here.digests():
            self._evict(digest)

    def released(self, digest: str) -> None:
        """Somebody holds it no more; its lease says so."""
        with self._lock:
            self._held[digest] -= 1
            if not self._held[digest]:
                del self._held[digest]

    def _leased(self, digest: str) -> Lease:
        handle = self._open(digest)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)  # from here on nobody evicts it
            artifact = self.peek(digest)
            if artifact is None:
                artifact = self._fetched(digest)
            else:
                self.counts.hit(0.0)
            return Lease(artifact, _Hold(self, digest, handle))
        except BaseException:
            os.close(handle)
            raise

    def _fetched(self, digest: str) -> ModelArtifact:
        """An artifact that is not here: one fetches it, the others wait for him."""
        one = self._open(f"{digest}.fetch")
        try:
            fcntl.flock(one, fcntl.LOCK_EX)
            found = self.peek(digest)
            if found is None:
                return self._fetch(digest)
            self.counts.joined += 1
            return found
        finally:
            os.close(one)

    def _fetch(self, digest: str) -> ModelArtifact:
        """Brings an artifact here; under the lock of its fetch."""
        began = self._clock()
        self.counts.misses += 1
        try:
            artifact = self._source.get(digest)
        except (ArtifactError, OSError):
            self.counts.failures += 1
            raise
        size = len(artifact.weights) + len(artifact.card.to_bytes())
        took = max(self._clock() - began, 1e-9)
        with self._lock:
            self._use(digest, 0.0).load_s = took
            self._s_per_byte = took / size
        self._here.remove(digest)  # of a torn one nothing is kept
        if self._make_room(size):
            self._here.put(artifact)
        else:
            self.counts.refused += 1
        return artifact

    def _make_room(self, size: int) -> bool:
        """Evicts what is worth least until so many bytes are free; whether they are."""
        sizes = {digest: self._here.size(digest) for digest in self._here.digests()}
        total = sum(sizes.values())
        if size > self.max_bytes:
            return False
        with self._lock:
            worth = {d: self._worth(d, sizes[d]) for d in sizes if d not in self._held}
        for digest in sorted(worth, key=lambda d: (worth[d], d)):
            if total + size <= self.max_bytes:
                break
            total -= self._evict(digest)
        return total + size <= self.max_bytes

    def _evict(self, digest: str) -> int:
        """Removes an artifact unless somebody holds it; the bytes that it took."""
        with self._lock:
            if digest in self._held:
                return 0
        handle = self._open(digest)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = self._here.remove(digest)
        except BlockingIOError:
            return 0
        finally:
            os.close(handle)
        self.counts.evicted += bool(size)
        return size

    def _worth(self, digest: str, size: int) -> float:
        use = self._use(digest, 0.0)
        load_s = size * self._s_per_byte if use.load_s is None else use.load_s
        return use.count * load_s / max(size, 1)

    def _use(self, digest: str, more: float = 1.0) -> _Use:
        """Counts a use, those before it for less the longer ago they were; under the lock."""
        use, now = self._uses.setdefault(digest, _Use()), self._clock()
        passed = max(now - use.at, 0.0)
        use.count, use.at = use.count * 0.5 ** (passed / self._half_life_s) + more, now
        return use

    def _open(self, name: str) -> int:
        """A file to lock. It stays: were it removed, two could hold a lock of the same name."""
        folder = self._here.folder / _LOCKS
        folder.mkdir(parents=True, exist_ok=True)
        return os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    @property
    def folder(self) -> Path:
        """Where artifacts are kept."""
        return self._here.folder
