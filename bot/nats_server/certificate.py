"""The server's key, and the certificate that it signs for itself with all the names that this machine has."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bot.nats_server.secret_files import write_secret

VALID_DAYS = 7300
RENEW_DAYS = 365


def key_in(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key there, made at first."""
    if path.exists():
        key = load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey), "nobody else writes there"
        return key
    key = ec.generate_private_key(ec.SECP256R1())
    write_secret(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def renew_certificate(path: Path, key: ec.EllipticCurvePrivateKey, names: Iterable[str]) -> None:
    """Leave the one that is there alone unless it lacks a name or will not last."""
    names = tuple(names)
    if not _vouches(path, key, names):
        write_secret(path, _certificate(key, names).public_bytes(Encoding.PEM))


def _vouches(path: Path, key: ec.EllipticCurvePrivateKey, names: Iterable[str]) -> bool:
    """Whether the certificate there is of this key, has these names, and lasts."""
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        certificate.public_key() == key.public_key()
        and set(held) >= set(_general_names(names))
        and certificate.not_valid_after_utc - datetime.now(UTC) > timedelta(days=RENEW_DAYS)
    )


def _certificate(key: ec.EllipticCurvePrivateKey, names: Iterable[str]) -> x509.Certificate:
    """Signed by itself, as strict a reader as OpenSSL's wants it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emoteface")])
    public, now = key.public_key(), datetime.now(UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only",
         "decipher_only"), False
    )  # fmt: skip
    subject = x509.SubjectKeyIdentifier.from_public_key(public)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))  # clocks of other machines are behind
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=True, **usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(subject, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject), critical=False)
        .sign(key, hashes.SHA256())
    )


def _general_names(names: Iterable[str]) -> list[x509.GeneralName]:
    return [_general_name(name) for name in names]


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name)
