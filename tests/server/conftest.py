"""One server of tones for all tests that leave it as it was."""

import pytest
from tones import serving


@pytest.fixture(scope="session")
def running():
    with serving() as running:
        yield running
