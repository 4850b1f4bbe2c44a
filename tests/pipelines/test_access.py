"""Claims about how a cluster is reached: tokens and certificates."""

import datetime
import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.pipelines.fake_api import FakeApi, serving
from tests.pipelines.submitting import QUICK, Submit, one_sentence, run

ROOT = Path(__file__).parents[2]


def test_a_token_is_sent_from_the_environment(
    api: FakeApi,
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """KFP_TOKEN opens the server; a wrong one is said, and never shown."""
    api.token = "right"
    monkeypatch.setenv("KFP_TOKEN", "wrong-token")
    assert submit() == 1
    told = one_sentence(capsys)
    assert "the token was refused" in told
    assert "wrong-token" not in told
    monkeypatch.setenv("KFP_TOKEN", "right\n")
    assert submit() == 0


def test_a_token_s_file_is_read_again_while_waiting(
    api: FakeApi, submit: Submit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A token that is renewed in KFP_TOKEN_FILE, as clusters do hourly, keeps the run in sight."""
    file = tmp_path / "token"
    file.write_text("first\n")
    monkeypatch.setenv("KFP_TOKEN_FILE", str(file))
    api.token = "first"

    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 1:
            file.write_text("second\n")
        else:
            api.token = "second"

    api.story = [run("RUNNING"), run("SUCCEEDED")]
    api.instead["GET /apis/v2beta1/runs/run-1"] = look
    assert submit(*QUICK) == 0
    assert len(looks) == 2


@pytest.mark.parametrize(
    ("content", "told"), [(None, "There is no token in the file"), ("a b", "can't be a token")]
)
def test_a_token_that_can_t_be_one_is_said(
    content: str | None,
    told: str,
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file that is missing or holds something else is one sentence."""
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("KFP_TOKEN_FILE", str(file))
    assert submit() == 1
    assert told in one_sentence(capsys)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that nobody else has signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "autofocus test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def test_an_authority_of_one_s_own_is_trusted_when_given(
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An unknown certificate is refused with the option that helps, by option or environment."""
    cert, key = certificate(tmp_path)
    with serving((cert, key)) as api:
        assert submit(host=api.host) == 1
        assert "No trusted connection to https://127.0.0.1" in one_sentence(capsys)
        assert api.said == []
        assert submit("--ca-cert", str(cert), host=api.host) == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        assert submit(host=api.host) == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(key))
        capsys.readouterr()
        assert submit(host=api.host) == 1
        assert "holds no certificates in PEM form (SSL_CERT_FILE)" in one_sentence(capsys)


def test_tls_spoken_to_a_server_without_it_is_said(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """An https address where there is only http is one sentence, too."""
    assert submit(host=api.host.replace("http:", "https:")) == 1
    assert "No trusted connection" in one_sentence(capsys)
