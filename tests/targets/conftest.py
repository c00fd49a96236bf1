"""`count_tokens`: every test that asks for it runs with the toy and with each real tokenizer that is present."""

import pytest

from tests.targets import tokenizers


@pytest.fixture(params=["toy", *tokenizers.REAL], scope="session")
def count_tokens(request):
    """A function from text to number of tokens."""
    if request.param == "toy":
        return tokenizers.toy
    if not tokenizers.folder(request.param).is_dir():
        pytest.skip(f"no checkpoint {request.param} beside the repository (set TACIT_SHARED to where it lies)")
    return tokenizers.real(request.param)


@pytest.fixture(scope="session")
def toy():
    """The toy tokenizer alone, for tests in which the tokenizer does not matter."""
    return tokenizers.toy


@pytest.fixture(scope="session")
def data_folder():
    """The folder of public data sets beside the repository."""
    path = tokenizers.SHARED / "data"
    if not path.is_dir():
        pytest.skip("no public data sets beside the repository (set TACIT_SHARED to where they lie)")
    return path
