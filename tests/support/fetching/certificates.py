# SPDX-License-Identifier: Apache-2.0
"""Certificates, good ones and each kind of bad one, from authorities that live as long as the test."""

import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class Authority:
    """A CA in a folder: `file` is what a client trusts. Good from `begins_days` to `ends_days` from now."""

    def __init__(self, folder: pathlib.Path, name: str, begins_days: float = -1, ends_days: float = 1) -> None:
        self._folder = folder
        self._name = name
        self._serial = 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        self._certificate = (
            x509.CertificateBuilder().subject_name(_name(name)).issuer_name(_name(name))
            .public_key(self._key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now + begins_days * _DAY).not_valid_after(now + ends_days * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256()))
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, host: str = "127.0.0.1", begins_days: float = -1, ends_days: float = 1,
              usage=ExtendedKeyUsageOID.SERVER_AUTH, self_signed: bool = False, key=None, digest=hashes.SHA256(),
              through_a_server: bool = False) -> pathlib.Path:
        """A file with key and certificate for `host`. `through_a_server`: signed by a certificate of ours that is itself
        a server's and may sign nothing."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        issuer, signer, chain = _name(self._name), self._key, b""
        if self_signed:
            issuer, signer = _name(host), key
        if through_a_server:
            issuer, signer = _name("between"), ec.generate_private_key(ec.SECP256R1())
            between = self._build(_name("between"), signer, _name(self._name), self._key, host="between.example")
            chain = between.public_bytes(serialization.Encoding.PEM)
        certificate = self._build(_name(host), key, issuer, signer, host, begins_days, ends_days, usage, digest)
        self._serial += 1
        path = self._folder / f"{self._name}-{self._serial}.pem"
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption())
                         + certificate.public_bytes(serialization.Encoding.PEM) + chain)
        return path

    @staticmethod
    def _build(subject: x509.Name, key, issuer: x509.Name, signer, host: str, begins_days: float = -1,
               ends_days: float = 1, usage=ExtendedKeyUsageOID.SERVER_AUTH, digest=hashes.SHA256()) -> x509.Certificate:
        now = datetime.datetime.utcnow()
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=begins_days))
            .not_valid_after(now + datetime.timedelta(days=ends_days))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .sign(signer, digest))

    def issue_bad(self, what: str, stranger: "Authority") -> pathlib.Path:
        """One of BAD_CERTIFICATES for 127.0.0.1; `stranger` is an authority that nobody trusts."""
        return BAD_CERTIFICATES[what](self, stranger)


# What is wrong with a server's certificate, and how one is made in which just that is wrong.
BAD_CERTIFICATES = {
    "expired": lambda own, stranger: own.issue(begins_days=-3, ends_days=-1),
    "not yet valid": lambda own, stranger: own.issue(begins_days=1, ends_days=2),
    "another host's": lambda own, stranger: own.issue(host="id.example.com"),
    "signed by itself": lambda own, stranger: own.issue(self_signed=True),
    "of an unknown authority": lambda own, stranger: stranger.issue(),
    "not for servers": lambda own, stranger: own.issue(usage=ExtendedKeyUsageOID.CLIENT_AUTH),
    "signed by a server": lambda own, stranger: own.issue(through_a_server=True),
    "signed with SHA-1": lambda own, stranger: own.issue(digest=hashes.SHA1()),
    "of a key of 1024 bits": lambda own, stranger: own.issue(
        key=rsa.generate_private_key(public_exponent=65537, key_size=1024)),
}
