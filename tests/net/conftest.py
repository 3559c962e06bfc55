"""What all tests in namespaces need: root, a TUN device, the program, and the guests' images."""
import fcntl
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import lab  # noqa: E402


def lacking():
    """Why nothing here can run on this machine, or None."""
    if os.geteuid():
        return "needs root, for network namespaces"
    if not os.path.exists("/dev/net/tun"):
        return "needs /dev/net/tun"
    try:
        lab.sh("unshare", "--net", "true")
    except (OSError, RuntimeError):
        return "needs CAP_SYS_ADMIN, for network namespaces"
    return None


def pytest_collection_modifyitems(items):
    if why := lacking():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def images():
    """Both guests' images stand in LAB_CACHE; the first worker builds them, the others wait."""
    os.makedirs(os.environ["LAB_CACHE"], exist_ok=True)
    with open(os.environ["LAB_CACHE"] + "/session.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return {suite: lab.sh(lab.LAB / "build-image.sh", suite, timeout=900).splitlines()[-1]
                for suite in ("bookworm", "trixie")}


@pytest.fixture
def town(images):
    with lab.Town() as town:
        yield town


@pytest.fixture(scope="session")
def poptun():
    assert lab.POPTUN.exists(), f"{lab.POPTUN} is not there: ./run build"
    return lab.POPTUN
