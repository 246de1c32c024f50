"""Whatever is changed in a release is refused, or is nothing that any reader looks at."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib import canonical_json, digest_file
from featurelib.errors import RecordError, RefusedReleaseError
from featurelib.release import Registry, Release
from featurelib.release.channel_records import Pointer, Record, read_record
from featurelib.release.release_folder import FILES, MANIFEST, sha256, verified
from featurelib.release.release_folder_checks import SIGNATURE, signature_of
from featurelib.release.signing import new_key, read_private_key
from parity_tests.release.small_releases import bundle_of, golden_of, hotfix_of, json_of, material

PLACE = "objects/rides/0.9.1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The files of a signed release, and the key."""
    folder = tmp_path_factory.mktemp("tampering")
    new_key(folder / "key")
    key = read_private_key(folder / "key")
    registry = Registry(folder / "registry", public_keys=[key.public])
    registry.release(*material("0.9.0"), key=key)
    bundle = bundle_of("0.9.1", factor=2.0, feature_version=2)
    declaration = hotfix_of("0.9.0", "0.9.1")
    registry.release(bundle, golden_of(bundle), key=key, declaration=declaration)
    release = folder / "registry/releases/rides/0.9.1"
    return {path.name: path.read_bytes() for path in release.iterdir()}, key


def judge(files: dict[str, bytes], key: Any, digest: str | None = None) -> Release:
    """What a reader with these files gets, asking for a signature if there is a key."""

    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    keys = None if key is None else {key.public.id: key.public}
    return verified(read, "rides", "0.9.1", PLACE, keys=keys, digest=digest)


def test_the_release_has_every_file(made: Any) -> None:
    """What follows is about each file that there can be."""
    files, key = made
    assert set(files) == set(FILES)
    declaration = judge(files, key).declaration
    assert declaration is not None
    assert declaration.to_json() == json_of(files["declaration.json"])


@settings(deadline=None, max_examples=400)
@given(data=st.data())
def test_any_flipped_bit_is_refused(made: Any, data: st.DataObject) -> None:
    """One bit of any byte of any file: a reader with the key takes nothing of it."""
    files, key = made
    name = data.draw(st.sampled_from(FILES))
    at = data.draw(st.integers(0, len(files[name]) - 1))
    bit = data.draw(st.integers(0, 7))
    altered = bytearray(files[name])
    altered[at] ^= 1 << bit
    with pytest.raises(RefusedReleaseError, match=PLACE):
        judge({**files, name: bytes(altered)}, key)


@pytest.mark.parametrize("name", [MANIFEST, SIGNATURE])
def test_every_flipped_bit_of_the_signed_and_the_signature_is_refused(made: Any, name: str) -> None:
    """The two files that all trust hangs on: all of their bits, not a sample."""
    files, key = made
    for at in range(len(files[name])):
        for bit in range(8):
            altered = bytearray(files[name])
            altered[at] ^= 1 << bit
            with pytest.raises(RefusedReleaseError):
                judge({**files, name: bytes(altered)}, key)


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_without_a_key_the_records_digest_holds(made: Any, data: st.DataObject) -> None:
    """A reader without keys, by a channel's record: only the signature may be altered.

    It is the one file that such a reader never opens.
    """
    files, _ = made
    digest = sha256(files[MANIFEST])
    name = data.draw(st.sampled_from(FILES))
    at = data.draw(st.integers(0, len(files[name]) - 1))
    altered = bytearray(files[name])
    altered[at] ^= data.draw(st.integers(1, 255))
    tampered = {**files, name: bytes(altered)}
    if name == SIGNATURE:
        assert judge(tampered, None, digest) == judge(files, None, digest)
    else:
        with pytest.raises(RefusedReleaseError):
            judge(tampered, None, digest)


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_cut_off_and_lengthened_files_are_refused(made: Any, data: st.DataObject) -> None:
    """A file that stops early, goes on, or is gone is not what was released."""
    files, key = made
    name = data.draw(st.sampled_from(FILES))
    size = data.draw(st.integers(0, len(files[name]) - 1))
    tail = data.draw(st.binary(min_size=1, max_size=3))
    for other in (files[name][:size], files[name] + tail):
        with pytest.raises(RefusedReleaseError):
            judge({**files, name: other}, key)
    gone = {n: data for n, data in files.items() if n != name}
    with pytest.raises(FileNotFoundError if name == MANIFEST else RefusedReleaseError):
        judge(gone, key)


def signed(files: dict[str, bytes], key: Any, /, **changed: Any) -> dict[str, bytes]:
    """The files with a changed release.json, signed by the key: its owner may err too."""
    content = {**json_of(files[MANIFEST]), **changed}
    manifest = canonical_json.dumps(content).encode()
    return {**files, MANIFEST: manifest, SIGNATURE: signature_of(manifest, key)}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"format": 2}, "has format 2, this featurelib reads 1 to 1"),
        ({"format": True}, "has format True"),
        ({"format": "1"}, "has format '1'"),
        ({"name": "bikes"}, "expected a release of rides 0.9.1, got one of bikes"),
        ({"version": "1.0.1"}, "got one of rides 1.0.1"),
        ({"name": "../rides"}, "cannot be the name"),
        ({"version": "../1.0.0"}, "expected a version"),
        ({"previous": "one"}, "expected a version"),
        ({"previous": "0.8.0"}, "expected a hotfix of rides from 0.8.0 to 0.9.1, got rides from"),
        ({"fingerprint": "0" * 64}, "with the fingerprint 000"),
        ({"files": {}}, "another shape"),
        ({"files": {"../bundle.json": "0" * 64}}, "another shape"),
        ({"files": []}, "another shape"),
        ({"more": 1}, "another shape"),
    ],
)
def test_a_signed_release_is_still_judged(made: Any, changed: Any, said: str) -> None:
    """A trusted key does not make a wrong release right."""
    files, key = made
    with pytest.raises(RefusedReleaseError, match=said):
        judge(signed(files, key, **changed), key)


@pytest.mark.parametrize("content", [{}, {"format": 2}, {"format": 1, "set": "rides"}])
def test_a_signed_declaration_is_still_judged(made: Any, content: Any) -> None:
    """A declaration that is none, or of a newer format, is refused by its file."""
    files, key = made
    data = canonical_json.dumps(content).encode()
    named = {**json_of(files[MANIFEST])["files"], "declaration.json": sha256(data)}
    with pytest.raises(RefusedReleaseError, match=r"declaration\.json: (no readable|a decl)"):
        judge(signed({**files, "declaration.json": data}, key, files=named), key)


def test_the_signature_of_another_release_does_not_fit(made: Any) -> None:
    """A signature stands for the bytes of one release.json."""
    files, key = made
    other = signed(files, key, featurelib="9.9.9")
    with pytest.raises(RefusedReleaseError, match="does not fit"):
        judge({**files, SIGNATURE: other[SIGNATURE]}, key)


def test_files_that_nobody_reads_do_not_matter(made: Any) -> None:
    """A file that release.json does not name changes nothing; a declaration neither."""
    files, key = made
    plain = {name: data for name, data in files.items() if name != "declaration.json"}
    named = json_of(files[MANIFEST])["files"]
    del named["declaration.json"]
    plain = signed(plain, key, files=named)
    assert judge(plain, key).declaration is None
    assert judge({**plain, "declaration.json": b"{}", "more.json": b""}, key) == judge(plain, key)


@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_a_tampered_record_is_no_record(data: st.DataObject) -> None:
    """Any changed byte, a cut or a longer file: the record is refused, not read as another step."""
    pointers = Pointer("1.1.0", "a" * 64), Pointer("1.0.0", "b" * 64)
    record = Record("rides", "stable", 2, "promote", *pointers, "c" * 64, None, "me", "now", "")
    whole = record.to_bytes()
    assert read_record(whole, "rides", "stable", 2, "record") == record
    at = data.draw(st.integers(0, len(whole) - 1))
    altered = bytearray(whole)
    altered[at] ^= data.draw(st.integers(1, 255))
    tail = data.draw(st.binary(min_size=1, max_size=3))
    for wrong in (bytes(altered), whole[:at], whole + tail):
        with pytest.raises(RecordError, match="record"):
            read_record(wrong, "rides", "stable", 2, "record")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"set": "bikes"}, "got record 2 of bikes/stable"),
        ({"channel": "canary"}, "got record 2 of rides/canary"),
        ({"number": 3}, "got record 3"),
        ({"number": True}, "do not fit together"),
        ({"number": 0}, "do not fit together"),
        ({"action": "delete"}, "do not fit together"),
        ({"action": "rollback"}, "do not fit together"),
        ({"restores": 1}, "do not fit together"),
        ({"before": "x"}, "do not fit together"),
        ({"pointer": None}, "do not fit together"),
        ({"pointer": Pointer("../1", "a" * 64)}, "expected a version"),
        ({"pointer": Pointer("1.0.0", "A" * 64)}, "expected a SHA-256"),
        ({"by": None}, "expected `by` as text"),
        ({"why": "x" * 10_001}, "expected `why` as text"),
    ],
)
def test_a_record_with_a_good_digest_is_still_judged(changed: Any, said: str) -> None:
    """Whoever can write a file can make its digest fit, so each part is looked at."""
    pointers = Pointer("1.1.0", "a" * 64), Pointer("1.0.0", "b" * 64)
    record = Record("rides", "stable", 2, "promote", *pointers, "c" * 64, None, "me", "now", "")
    data = dataclasses.replace(record, **changed).to_bytes()
    with pytest.raises(RecordError, match=said):
        read_record(data, "rides", "stable", 2, "record")


def test_a_record_of_a_newer_format_is_refused() -> None:
    """It says which format it has and which are read."""
    data = digest_file.with_digest({"format": 2, "record": {}})
    with pytest.raises(RecordError, match="has format 2, this featurelib reads up to 1"):
        read_record(data, "rides", "stable", 2, "record")
