"""Keys and signatures: who may read a private key, and what a service with a public key takes."""

import os
import pickle
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from featurelib.errors import ConflictError, KeyFileError, RefusedReleaseError, RegistryError
from featurelib.release import Registry
from featurelib.release.signing import (
    PrivateKey,
    new_key,
    public_key,
    public_keys,
    read_private_key,
)
from parity_tests.release.small_releases import STEP, json_of, material


@pytest.fixture
def key(tmp_path: Path) -> PrivateKey:
    """A new key; its files are `key` and `key.pub`."""
    new_key(tmp_path / "key")
    return read_private_key(tmp_path / "key")


def test_a_new_key_is_its_owners_alone(tmp_path: Path, key: PrivateKey) -> None:
    """The private file has mode 0600 under any umask, and neither file is written over."""
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert public_key(tmp_path / "key.pub") == key.public
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(KeyFileError, match="never written over"):
        new_key(tmp_path / "key")
    (tmp_path / "key").rename(tmp_path / "other")
    with pytest.raises(KeyFileError, match=r"key\.pub exists"):
        new_key(tmp_path / "key")
    assert (tmp_path / "other").read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o601, 0o644])
def test_a_private_key_that_others_may_touch_is_refused(
    tmp_path: Path, key: PrivateKey, mode: int
) -> None:
    """Any right of group or others is too much; the way out names the file."""
    os.chmod(tmp_path / "key", mode)
    with pytest.raises(KeyFileError, match=f"(?s)got {mode:04o}.*chmod 600 .*key"):
        read_private_key(tmp_path / "key")


def test_files_of_other_kinds_are_refused_by_kind(tmp_path: Path, key: PrivateKey) -> None:
    """Another algorithm, an encrypted key, a public for a private, no PEM: each says what it is."""

    def write(data: bytes) -> Path:
        path = tmp_path / "wrong"
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(data)
        return path

    other = ec.generate_private_key(ec.SECP256R1())
    form = (pem.Encoding.PEM, pem.PrivateFormat.PKCS8)
    curve = other.private_bytes(*form, pem.NoEncryption())
    locked = ed25519.Ed25519PrivateKey.generate().private_bytes(
        *form, pem.BestAvailableEncryption(b"word")
    )
    for data, said in (
        (curve, "expected an Ed25519 key"),
        (locked, "is encrypted"),
        (b"nothing", "no private key"),
        (key.public.pem.encode(), "no private key"),
    ):
        with pytest.raises(KeyFileError, match=said):
            read_private_key(write(data))
    public = other.public_key().public_bytes(
        pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo
    )
    private = (tmp_path / "key").read_bytes()
    for data, said in ((public, "expected an Ed25519 key"), (b"nothing", "no public key"),
                       (private, "got a private one")):  # fmt: skip
        for source in (data, write(data)):
            with pytest.raises(KeyFileError, match=said) as error:
                public_key(source)
            assert "MC4C" not in str(error.value)


def test_a_key_shows_nothing_of_itself(key: PrivateKey) -> None:
    """A private key prints as the id of its public one, and cannot be pickled."""
    assert repr(key) == f"<private key of {key.public.id[:16]}>"
    with pytest.raises(TypeError, match="does not travel"):
        pickle.dumps(key)


def test_public_keys_come_as_paths_pem_and_text(tmp_path: Path, key: PrivateKey) -> None:
    """A path, bytes and text of PEM, and a key give the same key."""
    pub = tmp_path / "key.pub"
    sources = [pub, str(pub), pub.read_bytes(), pub.read_text(), key.public]
    assert public_keys(sources) == {key.public.id: key.public}


def test_a_service_with_a_key_takes_signed_releases_only(tmp_path: Path, key: PrivateKey) -> None:
    """Unsigned and signed by someone else are refused by name; without a key nothing is asked."""
    plain = Registry(tmp_path / "registry")
    new_key(tmp_path / "other")
    other = read_private_key(tmp_path / "other")
    plain.release(*material("1.0.0"))
    plain.release(*material("1.1.0"), key=key)
    plain.release(*material("1.2.0"), key=other)
    service = Registry(tmp_path / "registry", public_keys=[tmp_path / "key.pub"])
    assert service.fetch("rides", "1.1.0").signed_by == key.public.id
    assert plain.fetch("rides", "1.1.0").signed_by is None
    for version, said in (("1.0.0", "is not signed"), ("1.2.0", "signed with the unknown key")):
        with pytest.raises(RefusedReleaseError, match=said):
            service.fetch("rides", version)
        with pytest.raises(RefusedReleaseError, match=said):
            service.channel("rides", "stable").promote(version, **STEP)
    both = Registry(tmp_path / "registry", public_keys=[key.public, other.public])
    assert both.fetch("rides", "1.2.0").signed_by == other.public.id


def test_a_rollback_to_an_unsigned_release_is_refused(tmp_path: Path, key: PrivateKey) -> None:
    """The way back is verified as the way forward is."""
    plain = Registry(tmp_path / "registry")
    plain.release(*material("1.0.0"))
    plain.release(*material("1.1.0"), key=key)
    for version in ("1.0.0", "1.1.0"):
        plain.channel("rides", "stable").promote(version, **STEP)
    service = Registry(tmp_path / "registry", public_keys=[key.public])
    with pytest.raises(RefusedReleaseError, match="is not signed"):
        service.channel("rides", "stable").rollback(**STEP)
    assert service.channel("rides", "stable").fetch().version == "1.1.0"


def test_a_registry_may_ask_for_signatures_itself(tmp_path: Path, key: PrivateKey) -> None:
    """After `trust` nobody releases without a trusted key, and it is written once."""
    registry = Registry(tmp_path / "registry")
    registry.trust([key.public])
    assert json_of((tmp_path / "registry/registry.json").read_bytes())["public_keys"] == [
        key.public.pem
    ]
    with pytest.raises(RefusedReleaseError, match=r"(?s)not signed.*--key"):
        registry.release(*material("1.0.0"))
    new_key(tmp_path / "other")
    other = read_private_key(tmp_path / "other")
    with pytest.raises(RefusedReleaseError, match="unknown key"):
        registry.release(*material("1.0.0"), key=other)
    assert registry.versions("rides") == []
    assert registry.release(*material("1.0.0"), key=key).signed_by == key.public.id
    with pytest.raises(ConflictError, match="by hand"):
        registry.trust([other.public])


def test_an_empty_list_of_keys_is_not_no_list(tmp_path: Path) -> None:
    """A setting that came out empty must not turn the checks off."""
    with pytest.raises(RegistryError, match="empty list of public keys"):
        Registry(tmp_path / "registry", public_keys=[])
    Registry(tmp_path / "registry").release(*material("1.0.0"))
    (tmp_path / "registry/registry.json").write_bytes(b'{"format":1,"public_keys":[]}')
    with pytest.raises(RegistryError, match="empty list of public keys"):
        Registry(tmp_path / "registry").fetch("rides", "1.0.0")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"format": 1}', b'{"format":2}', b'{"format":1,"public_keys":[1]}']
)
def test_a_damaged_registry_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """Who damages registry.json does not get unsigned releases through."""
    Registry(tmp_path / "registry").release(*material("1.0.0"))
    (tmp_path / "registry/registry.json").write_bytes(content)
    with pytest.raises((RefusedReleaseError, RegistryError), match=r"registry\.json"):
        Registry(tmp_path / "registry").fetch("rides", "1.0.0")
