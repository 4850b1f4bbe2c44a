"""Claims about how a cluster is reached: tokens and certificates."""

import datetime
import ipaddress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipelines.cluster import Cluster
from tests.pipelines.fake_api import Answer, FakeApi, serving
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
    assert submit() == 5
    told = one_sentence(capsys)
    assert "the token was rejected" in told
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
    assert submit() in {2, 3}
    assert told in one_sentence(capsys)


@pytest.mark.parametrize("variable", ["KFP_TOKEN", "KFP_TOKEN_FILE"])
def test_a_token_is_not_sent_unencrypted(
    variable: str,
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A token for plain http is one sentence that doesn't show it, wherever it comes from."""
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv(variable, "secret" if variable == "KFP_TOKEN" else f"{tmp_path}/token")
    assert submit(host="http://kubeflow.example.org:8080/pipeline") == 2
    sentence = one_sentence(capsys)
    assert "would be sent unencrypted to http://kubeflow.example.org:8080: use https" in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize(
    ("host", "allow_http"),
    [
        ("https://kubeflow.example.org", False),
        ("http://localhost:8080", False),
        ("http://127.0.0.2", False),
        ("http://[::1]:8080", False),
        ("http://kubeflow.example.org", True),
    ],
)
def test_a_token_may_be_sent_encrypted_or_on_this_machine(
    host: str, allow_http: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By https, to a loopback address such as a port-forward's, or where --allow-http says so."""
    monkeypatch.setenv("KFP_TOKEN", "secret")
    assert Cluster(host, allow_http=allow_http).host == host


def test_without_a_token_plain_http_is_no_error() -> None:
    """There is nothing to protect then: an address of the cluster's own network will do."""
    assert Cluster("http://ml-pipeline.kubeflow").host == "http://ml-pipeline.kubeflow"


def test_a_token_that_the_server_repeats_is_not_shown(
    api: FakeApi,
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The server's message is shown without the token."""
    monkeypatch.setenv("KFP_TOKEN", "secret")
    api.instead["*"] = Answer(403, {"message": "Bearer secret is no token."})
    assert submit() == 5
    sentence = one_sentence(capsys)
    assert "(Bearer … is no token)" in sentence
    assert "secret" not in sentence


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
        assert submit(host=api.host) == 5
        assert "No trusted connection to https://127.0.0.1" in one_sentence(capsys)
        assert api.said == []
        assert submit("--ca-cert", str(cert), host=api.host) == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        assert submit(host=api.host) == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(key))
        capsys.readouterr()
        assert submit(host=api.host) == 3
        assert "holds no certificates in PEM form (SSL_CERT_FILE)" in one_sentence(capsys)


def test_tls_spoken_to_a_server_without_it_is_said(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """An https address where there is only http is one sentence, too."""
    assert submit(host=api.host.replace("http:", "https:")) == 5
    assert "No trusted connection" in one_sentence(capsys)
