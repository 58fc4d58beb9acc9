"""API keys with scopes, and the rules for a service without keys.

A key is 32 random bytes, which cannot be guessed, so its SHA-256 is safe to store and a slow hash is not needed.
Without keys the service listens on the loopback interface alone, and answers only requests addressed to it: a web page
can point its own host name here (DNS rebinding), but the Host header still holds that name.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from streamsvd.errors import SettingsError
from streamsvd.service.middleware import HttpMiddleware
from streamsvd.service.problems import problem

SCOPES = ("read", "write", "admin")
"""Lookups; sending and retracting ratings; everything, including erasing users."""

OPEN_PATHS = frozenset({"/livez", "/readyz"})
"""For probes, which hold no keys; the answers name no users and no addresses."""

_SCOPES_OF = {("POST", "/ratings"): "write", ("DELETE", "/ratings"): "write", ("DELETE", "/users"): "admin"}
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key.

    Attributes
    ----------
    name : str
        Shown in the journal.
    scopes : frozenset of str
    digest : str
        SHA-256 of the key, in hexadecimal.
    """

    name: str
    scopes: frozenset[str]
    digest: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.name} {','.join(sorted(self.scopes))} {self.digest}"


def new_key(name: str, scopes: Sequence[str]) -> tuple[str, ApiKey]:
    """A new key, and what is stored of it.

    Raises
    ------
    SettingsError
        The name or a scope is not valid.
    """
    key = f"ssvd_{secrets.token_urlsafe(32)}"
    return key, _parsed(f"{name} {','.join(scopes)} {_digest(key)}", "a new key")


def read_keys(text: str, where: str) -> tuple[ApiKey, ...]:
    """Keys from lines `NAME SCOPE[,SCOPE] SHA256`; a semicolon ends a line too, and # begins a comment.

    Parameters
    ----------
    text : str
    where : str
        Named in messages.

    Raises
    ------
    SettingsError
        A line is not valid, a name is used twice, or there is no key.

    Examples
    --------
    >>> read_keys("# dashboards\\nboard read " + 64 * "0", "keys.txt")
    (ApiKey(name='board', scopes=frozenset({'read'})),)
    """
    lines = [line.partition("#")[0].strip() for line in text.replace(";", "\n").splitlines()]
    found = tuple(_parsed(line, f"{where}, line {number}") for number, line in enumerate(lines, 1) if line)
    names = [key.name for key in found]
    if len(set(names)) < len(names):
        raise SettingsError(f"{where}: two keys have the same name; the journal could not tell them apart")
    if not found:
        raise SettingsError(f"{where} holds no key; make one with `streamsvd key NAME --scope read`")
    return found


def read_key_file(path: Path) -> tuple[ApiKey, ...]:
    """Keys from a file; errors as in `read_keys`."""
    try:
        return read_keys(path.read_text(), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as a file of keys: {error}") from error


def add_key(path: Path, name: str, scopes: Sequence[str]) -> str:
    """Make a key, and add its digest to a file that only its owner can read.

    Raises
    ------
    SettingsError
        The name is taken, a scope is not valid, or the file cannot be read or written.
    """
    before = path.read_text() if path.exists() else ""
    key, kept = new_key(name, scopes)
    text = f"{before}{'' if before.endswith(chr(10)) or not before else chr(10)}{kept}\n"
    read_keys(text, str(path))
    try:
        path.touch(mode=0o600)
        path.write_text(text)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error
    return key


def find_key(keys: Sequence[ApiKey], presented: str) -> ApiKey | None:
    """The key that was presented; it is compared with all, so the time taken reveals nothing."""
    digest, found = _digest(presented), None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


def scope_of(method: str, path: str) -> str:
    """The scope that a request needs; paths that are not listed are lookups.

    >>> scope_of("POST", "/ratings"), scope_of("GET", "/recommend")
    ('write', 'read')
    """
    return _SCOPES_OF.get((method, path), "read")


def check_exposure(host: str, keys: Sequence[ApiKey]) -> None:
    """Refuse to listen beyond this machine without keys.

    Raises
    ------
    SettingsError
        The host has no address, or other machines reach it and there are no keys.
    """
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise SettingsError(f"--host {host!r} has no address: {error}") from error
    if not keys and not all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in addresses):
        raise SettingsError(
            f"--host {host} can be reached from other machines, and there are no API keys: any client could read and "
            "send ratings. Make a key with `streamsvd key NAME --scope read --file keys.txt` and give --keys keys.txt, "
            "or listen on 127.0.0.1"
        )


class Guard(HttpMiddleware):
    """Refuses a request without a key of the needed scope, before its body is read.

    Parameters
    ----------
    app : ASGIApp
    keys : sequence of ApiKey
        Without any, no key is needed, and the Host header has to name the loopback interface.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[ApiKey]) -> None:
        super().__init__(app)
        self._keys = tuple(keys)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        await (self._refusal(scope) or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = dict(scope["headers"])
        request_id = scope["state"]["request_id"]
        if not self._keys:
            if _is_local(headers.get(b"host", b"").decode("latin-1")):
                return None
            detail = "Address the service by its loopback address, or run it with API keys."
            return problem(request_id, 400, "Not this host", detail)
        if scope["path"] in OPEN_PATHS:
            return None
        kind, _, presented = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        key = find_key(self._keys, presented.strip()) if kind.lower() == "bearer" else None
        if key is None:
            detail = "Send an API key of this service: Authorization: Bearer KEY"
            challenge = {"WWW-Authenticate": 'Bearer realm="streamsvd"'}
            return problem(request_id, 401, "Unauthorized", detail, headers=challenge)
        scope["state"]["key"] = key.name
        needed = scope_of(scope["method"], scope["path"])
        if needed in key.scopes or "admin" in key.scopes:
            return None
        return problem(request_id, 403, "Forbidden", f"The key {key.name} lacks the scope {needed}.")


def _parsed(line: str, where: str) -> ApiKey:
    name, scopes, digest = [*line.split(), "", "", ""][:3]
    granted = frozenset(scopes.split(","))
    if len(line.split()) != 3 or not _NAME.fullmatch(name) or not _DIGEST.fullmatch(digest):
        raise SettingsError(f"{where}: a key is a line NAME SCOPE[,SCOPE] SHA256, as `streamsvd key` writes it")
    if not granted <= set(SCOPES):
        raise SettingsError(f"{where}: the scopes are {', '.join(SCOPES)}; found {scopes!r}")
    return ApiKey(name, granted, digest)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _is_local(host: str) -> bool:
    """Whether a Host header names the loopback interface."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return name.lower() == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
