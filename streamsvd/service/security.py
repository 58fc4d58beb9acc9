"""Who may do what: API keys with scopes, and what holds where there are none.

A key is 32 random bytes, so one SHA-256 of it is a safe thing to keep: nobody guesses it, and a slow hash would only
slow the service down. Without keys the service listens on the loopback interface alone, and answers only requests
addressed to it: a page in a browser can make its own name point here, but the Host header still says that name.
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

from starlette.types import ASGIApp, Receive, Scope, Send

from streamsvd.errors import SettingsError
from streamsvd.service.problems import problem, request_id_of

SCOPES = ("read", "write", "admin")
"""Look things up; send and take back ratings; all of that, and erase users."""

OPEN_PATHS = frozenset({"/livez", "/readyz"})
"""Asked by probes, which hold no keys; they name no users and no addresses."""

_SCOPES_OF = {("POST", "/ratings"): "write", ("DELETE", "/ratings"): "write", ("DELETE", "/users"): "admin"}
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key.

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
    """A new key, to be given away once, and what is kept of it.

    Raises
    ------
    SettingsError
        The name or a scope is none.
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
        A line is none, a name comes twice, or there is no key at all.

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
    """Make a key, and keep its digest in a file that only its owner reads.

    Raises
    ------
    SettingsError
        The name is taken, or a scope is none, or the file cannot be read or written.
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
    """The key that was presented; every one is compared, so the time taken tells nothing."""
    digest, found = _digest(presented), None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


def scope_of(method: str, path: str) -> str:
    """The scope that a request needs; what is not listed is a lookup.

    >>> scope_of("POST", "/ratings"), scope_of("GET", "/recommend")
    ('write', 'read')
    """
    return _SCOPES_OF.get((method, path), "read")


def check_exposure(host: str, keys: Sequence[ApiKey]) -> None:
    """Refuse to listen beyond this machine without keys.

    Raises
    ------
    SettingsError
        Also for a host that has no address.
    """
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError as error:
        raise SettingsError(f"--host {host!r} has no address: {error}") from error
    if not keys and not all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in addresses):
        raise SettingsError(
            f"--host {host} can be reached from other machines, and there are no API keys: anybody could read and send "
            "ratings. Make a key with `streamsvd key NAME --scope read --file keys.txt` and give --keys keys.txt, or "
            "listen on 127.0.0.1"
        )


class Guard:
    """Middleware: without a key that has the scope, nothing is read and nothing is done.

    Parameters
    ----------
    app : ASGIApp
    keys : sequence of ApiKey
        None at all: nobody is asked, and the Host header has to name the loopback interface.
    """

    def __init__(self, app: ASGIApp, keys: Sequence[ApiKey]) -> None:
        self._app, self._keys = app, tuple(keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                status, title, detail, headers = refusal
                answer = problem(status, title, detail, request_id=request_id_of(scope), headers=headers)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str, str, dict[str, str]] | None:
        headers = dict(scope["headers"])
        if not self._keys:
            if _is_local(headers.get(b"host", b"").decode("latin-1")):
                return None
            return 400, "Not this host", "Address the service by its loopback address, or run it with API keys.", {}
        if scope["path"] in OPEN_PATHS:
            return None
        kind, _, presented = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        key = find_key(self._keys, presented.strip()) if kind.lower() == "bearer" else None
        if key is None:
            detail = "Send an API key of this service: Authorization: Bearer KEY"
            return 401, "Unauthorized", detail, {"WWW-Authenticate": 'Bearer realm="streamsvd"'}
        scope.setdefault("state", {})["key"] = key.name
        needed = scope_of(scope["method"], scope["path"])
        if needed in key.scopes or "admin" in key.scopes:
            return None
        return 403, "Forbidden", f"The key {key.name} lacks the scope {needed}.", {}


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
