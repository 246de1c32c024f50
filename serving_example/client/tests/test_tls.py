"""https: the same calls, through a proxy with a certificate that was made for the test."""

import asyncio
import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from featurelib_client import AsyncClient, Client, ClientError, Tensor, UnavailableError
from serving_example.client.tests.faulty import FaultyProxy
from serving_example.client.tests.test_deadlines import assert_calls_end_in_time, deaf, recommend

KINDS = ("threads", "tasks")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "films of a test")])
    now = dt.datetime.now(dt.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_bytes(
        made.public_bytes(pem) + key.private_bytes(pem, kind, serialization.NoEncryption())
    )
    return file


@pytest.fixture
def secure(service: int, certificate: Path) -> Iterator[FaultyProxy]:
    """A proxy that speaks TLS before the service."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    made = FaultyProxy(service, context)
    yield made
    made.stop()


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that are made now trust the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def asked(kind: str, port: int, *asks: Any, **settings: Any) -> list[Any]:
    """The answers of one client, or its first error."""
    url, options = f"https://127.0.0.1:{port}", {"timeout_s": 30.0, **settings}

    async def run() -> list[Any]:
        if kind == "threads":
            with Client(url, **options) as client:
                return [ask(client) for ask in asks]
        async with AsyncClient(url, **options) as other:
            return [await ask(other) for ask in asks]

    return asyncio.run(run())


@pytest.mark.parametrize("kind", KINDS)
def test_calls_go_through_tls(secure: FaultyProxy, trusted: None, kind: str) -> None:
    """Small and large requests and answers, on one connection."""
    large = Tensor("FP64", (100_000,), [7.25] * 100_000)
    got = asked(
        kind, secure.port, lambda c: c.recommend(42, k=3), lambda c: c.infer("m", {"x": large}),
        lambda c: c.ready(), lambda c: c.recommend(7, k=100),
    )  # fmt: skip
    assert [item.item_id for item in got[0].items] == [0, 1, 2] and got[2] is True
    assert len(got[3].items) == 100 and secure.seen == 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["close", "reset", "no HTTP", "503"])
def test_faults_behind_tls_are_survived(
    secure: FaultyProxy, trusted: None, kind: str, fault: str
) -> None:
    """What another attempt helps against, as without TLS."""
    secure.faults.append(fault)
    (got,) = asked(kind, secure.port, lambda c: c.recommend(42))
    assert got.about.attempts == 2


@pytest.mark.parametrize("kind", KINDS)
def test_who_is_not_trusted_is_sent_nothing(secure: FaultyProxy, kind: str) -> None:
    """No key goes to a server whose certificate is unknown; the error says that it is this."""
    with pytest.raises(UnavailableError, match="certificate verify failed") as told:
        asked(kind, secure.port, lambda c: c.recommend(42), api_key="secret")
    assert told.value.reason == "tls" and told.value.attempts == 1 and secure.seen == 0


@pytest.mark.parametrize("kind", KINDS)
def test_who_speaks_no_tls_is_named(service: int, trusted: None, kind: str) -> None:
    """https to a port of http is an error that says so."""
    with pytest.raises(UnavailableError) as told:
        asked(kind, service, lambda c: c.recommend(42))
    assert told.value.reason == "tls"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("connect_s", [0.03, 5.0])
def test_a_handshake_that_hangs_keeps_nobody(trusted: None, kind: str, connect_s: float) -> None:
    """It is part of making a connection, and of the deadline."""
    with deaf(8) as port:
        settings = {"connect_timeout_s": connect_s}
        assert_calls_end_in_time(kind, f"https://127.0.0.1:{port}", recommend, settings)


def test_closing_a_client_ends_its_calls_through_tls(secure: FaultyProxy, trusted: None) -> None:
    """Eight threads that wait for an answer, or are about to, are told; none sees what TLS lost."""
    secure.always = "slow first byte"
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(ClientError) as error:
            client.recommend(1)
        told.append(str(error.value))

    client = Client(f"https://127.0.0.1:{secure.port}", timeout_s=60.0)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    while not secure.seen:
        threads[0].join(0.001)
    client.close()
    for thread in threads:
        thread.join(30)
    assert set(told) <= {
        "the client was closed while it was asked", "the client is closed; make another one",
    }  # fmt: skip
    assert len(told) == len(threads)
