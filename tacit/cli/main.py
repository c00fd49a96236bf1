"""The command `tacit`: one file per verb, each option handed to the function of that name in `tacit.verbs`."""

from __future__ import annotations

import errno

import click

from tacit.cli.ablate import ablate
from tacit.cli.cache import cache
from tacit.cli.clean import clean
from tacit.cli.compare import compare
from tacit.cli.info import info
from tacit.cli.plan import plan
from tacit.cli.probe import probe
from tacit.cli.show import show
from tacit.cli.tune import tune
from tacit.cli.verify import verify
from tacit.errors import TacitError

STORAGE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EISDIR, errno.ENOTDIR}
"""Errors of a disk or a folder, which are the user's to mend."""


class Verbs(click.Group):
    """Turns tacit's own errors into one line and exit code 2; any other exception is a bug and keeps its traceback."""

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except TacitError as error:
            raise _failure(str(error), 2) from error
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx else "tacit"
            message = error.format_message().rstrip(".")
            stop = "" if message.endswith(("?", "!")) else "."
            raise _failure(f"{message}{stop} See: {command} --help", 2) from error
        except OSError as error:
            if error.errno not in STORAGE:
                raise
            where = f"{error.filename}: " if error.filename else ""
            line = (
                f"{where}{error.strerror}. What was finished before is unchanged. Check that the folder can be read and"
                " written and the disk has room, then run the same command again."
            )
            raise _failure(line, 2) from error
        except KeyboardInterrupt as error:
            kept = str(error) or "Files that were finished are kept"
            raise _failure(f"interrupted. {kept}: run the same command again to continue.", 130) from error


def _failure(line: str, code: int) -> click.ClickException:
    failure = click.ClickException(line)
    failure.exit_code = code
    return failure


@click.group("tacit", cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="tacit-lm", prog_name="tacit")
def main() -> None:
    """Measure the gap between what a language model knows and what it says.

    \b
    tacit plan       what a run would ask, compute and write, and how long that takes
    tacit cache      run the model once per prompt: activations and replies to disk
    tacit probe      decode each target from the activations, layer by layer
    tacit ablate     ablate the probe direction: does the model use it?
    tacit tune       train a soft prompt on the labels: can the model say it after all?
    tacit compare    what it knows against what it says: verdicts, tables, figures
    tacit show       print a run's verdicts;  tacit info  what it holds;  tacit verify  check its files
    tacit clean      remove what a run no longer asks for

    Without a model the embedded one is used, whose gap is known by construction.
    """


for verb in (plan, cache, probe, ablate, tune, compare, show, info, verify, clean):
    main.add_command(verb)

if __name__ == "__main__":
    main()
