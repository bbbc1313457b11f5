"""What the harness gives: `make test` starts the Workers and sets these."""

import os

import pytest


def given(name):
    """A variable of the harness."""
    try:
        return os.environ[name]
    except KeyError:
        pytest.exit(f"{name} is not set: `make test` starts the Workers and runs this", returncode=2)


@pytest.fixture(scope="session")
def url():
    """The running Worker."""
    return given("POSTERN_URL")


@pytest.fixture(scope="session")
def root():
    """The token that may do everything there."""
    return given("POSTERN_ROOT_TOKEN")


@pytest.fixture(scope="session")
def unconfigured_url():
    """A Worker that has that token, and no POSTERN_MASTER_KEY."""
    return given("POSTERN_UNCONFIGURED_URL")


@pytest.fixture(scope="session")
def demo_folder():
    """A folder with the `.dev/demo.json` of the running Worker, as `make dev` leaves one."""
    return given("POSTERN_DEMO")
