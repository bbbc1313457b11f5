"""Keys of Authlib as RFC 7518 has them."""

import base64

from authlib.jose import JsonWebKey


def p256_key(kid=None):
    """Makes a key that signs."""
    return JsonWebKey.generate_key("EC", "P-256", kid and {"kid": kid}, is_private=True)


def public_jwk(key):
    """Returns the public half. Of each coordinate, Authlib omits zero bytes at the start, one key in 128; RFC 7518, section 6.2.1.2, requires all 32 bytes."""
    members = key.as_dict(is_private=False)
    for name in ("x", "y"):
        number = base64.urlsafe_b64decode(members[name] + "==")
        members[name] = base64.urlsafe_b64encode(number.rjust(32, b"\0")).decode().rstrip("=")
    return members
