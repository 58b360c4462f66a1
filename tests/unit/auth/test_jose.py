"""Keys: what may be published and used, and what not."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from msctl.auth.algorithms import Algorithm
from msctl.auth.compact import encode
from msctl.auth.jose import generate, public_part, read_key_set, read_public_key
from msctl.auth.refusal import KeySetRefused
from tests.unit.auth.corpus import OURS, key


@pytest.mark.parametrize("algorithm", OURS)
def test_a_key_is_named_by_its_thumbprint_and_published_without_its_secret(algorithm: Algorithm) -> None:
    jwk = key("ours", algorithm)
    published = public_part(jwk)
    (kid,) = read_key_set({"keys": [published]})
    assert kid == jwk["kid"]
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(published)


def test_the_thumbprint_is_the_one_of_rfc_8037() -> None:
    example = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert read_public_key(example).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def members(key: Any, **changes: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **changes}


def short_rsa() -> dict[str, Any]:
    """An RSA key that is too short."""
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    return {"kty": "RSA", "kid": "short", "n": _number(numbers.n), "e": _number(numbers.e)}


def _number(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8)).decode()


SHORT = short_rsa()


@pytest.mark.filterwarnings("ignore:Key size")
@pytest.mark.parametrize(
    "listed",
    [
        SHORT,
        members(ECKey.generate_key("P-384"), kid="other curve"),
        members(OKPKey.generate_key("X25519"), kid="not for signatures"),
        members(ECKey.generate_key("P-256"), kid="for encryption", use="enc"),
        members(ECKey.generate_key("P-256"), kid="another algorithm", alg="ES384"),
        members(OKPKey.generate_key("Ed25519"), kid=""),
        members(OKPKey.generate_key("Ed25519"), kid=5),
        {"kty": "unknown", "kid": "unknown"},
        {"kty": "RSA", "kid": "incomplete"},
        "no object",
    ],
    ids=lambda listed: str(listed.get("kid") if isinstance(listed, dict) else listed),
)
def test_a_key_that_is_not_fit_is_passed_over(listed: Any) -> None:
    assert set(read_key_set({"keys": [listed, public_part(key("ours", "ES256"))]})) == {
        key("ours", "ES256")["kid"]
    }


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"keys": {}},
        {"keys": [public_part(key("ours", "ES256"))] * 2},
        {"keys": [dict(key("ours", "Ed25519"))]},
        {"keys": [OctKey.generate_key(256).as_dict(private=True)]},
    ],
    ids=["nothing", "a list", "empty", "no list", "one id twice", "a private key", "a shared secret"],
)
def test_a_set_that_is_ambiguous_or_tells_secrets_is_refused(document: object) -> None:
    with pytest.raises(KeySetRefused):
        read_key_set(document)


@pytest.mark.parametrize("algorithm", OURS)
def test_a_public_key_may_be_a_pem(algorithm: Algorithm) -> None:
    kinds: dict[str, Any] = {"Ed25519": OKPKey, "ES256": ECKey, "RS256": RSAKey}
    made = kinds[algorithm].import_key(dict(key("ours", algorithm)))
    read = read_public_key(made.as_pem(private=False).decode())
    assert (read.kid, read.algorithm) == (key("ours", algorithm)["kid"], algorithm)


def test_a_private_key_is_not_taken_for_a_public_one() -> None:
    with pytest.raises(KeySetRefused, match="private"):
        read_public_key(dict(generate("Ed25519")))
