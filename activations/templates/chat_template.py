"""The chat template of a tokenizer: which one, with which arguments and date, and rendering that cannot hang.

A template is a program that came with the model. transformers runs it in a sandbox without access to Python's
internals, but nothing bounds its time or memory, so it is tried in a process of its own before it is used here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from transformers.utils import chat_template_utils

from tacit.errors import ActivationError
from tacit.settings import Settings

SECONDS, BYTES, CHARACTERS = 5, 2**30, 1_000_000
"""Most time and memory that one message may take to render, and most that a template may add to it."""
TOGETHER = 64
"""Messages that are rendered in one call."""
RESERVED = ("messages", "add_generation_prompt", "tokenize", "chat_template", "continue_final_message", "return_dict",
            "conversation", "strftime_now", "raise_exception")  # fmt: skip
Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Options:
    """How a tokenizer's template is rendered in this run."""

    args: Mapping[str, Any] = field(default_factory=dict)
    """Variables that the template may ask for, e.g. `enable_thinking`."""
    date: str = Settings.date
    """The date that a template writes if it asks for today's, so that a prompt is the same on every day."""


def options_of(tokenizer) -> Options:
    """The options that `choose_template` attached to a tokenizer, else the defaults."""
    return getattr(tokenizer, "tacit_template", Options())


def choose_template(tokenizer, settings: Settings) -> None:
    """Set the tokenizer's template to the one that the settings name, with their arguments and date, and try it out.

    Raises ActivationError where there is no template of that name, none is named and none is the default, an argument
    cannot be given, or the template cannot be rendered within its bounds.
    """
    named = tokenizer.chat_template
    if isinstance(named, dict) and named:
        tokenizer.chat_template = _by_name(named, settings)
    elif settings.template:
        has = "has only an unnamed chat template" if named else "has no chat template"
        raise ActivationError(f"{settings.model} {has}, so --template {settings.template} cannot be used. Omit it")
    if reserved := [name for name in settings.template_args if name in RESERVED]:
        raise ActivationError(f"--template-arg {reserved[0]}: this variable is set by tacit itself. Omit it")
    if settings.template_args and not tokenizer.chat_template:
        raise ActivationError(f"{settings.model} has no chat template, so --template-arg has no effect. Omit it")
    tokenizer.tacit_template = Options(settings.template_args, settings.date)
    if tokenizer.chat_template:
        _check_bounds(tokenizer, settings.model)


def _by_name(named: Mapping[str, str], settings: Settings) -> str:
    names = ", ".join(sorted(named))
    if settings.template and settings.template not in named:
        raise ActivationError(
            f"{settings.model} has no chat template named {settings.template!r} (it has {names}). Choose one:"
            f" --template {min(named)}"
        )
    if not settings.template and "default" not in named:
        raise ActivationError(
            f"{settings.model} has several chat templates ({names}) and none is the default. Choose one: --template"
            f" {min(named)}"
        )
    return named[settings.template or "default"]


def apply_template(tokenizer, messages: Messages, **options: Any) -> str:
    """The messages as the template renders them, ready for the model's answer unless `options` say otherwise.

    options: further arguments of `apply_chat_template` or variables of the template, which overrule the run's.

    Raises ActivationError with the template's reason where it raises, does not parse, or takes too long.
    """
    try:
        text = _rendered(tokenizer, list(messages), options)
    except Exception as error:  # whatever a template does wrong is the template's fault
        raise ActivationError(f"the chat template cannot be rendered: {reason_of(error)}") from error
    if len(text) > CHARACTERS + sum(len(str(turn["content"])) for turn in messages):
        raise ActivationError(f"the chat template writes {len(text):,} characters for a short message")
    return text


def apply_to_each(tokenizer, chats: Sequence[Messages]) -> list[str]:
    """`apply_template` of each, several at a time: what transformers does around a template takes longer than most
    templates do. Raises as it does."""
    found: list[str] = []
    for start in range(0, len(chats), TOGETHER):
        some = chats[start : start + TOGETHER]
        found += _together(tokenizer, some) or [apply_template(tokenizer, messages) for messages in some]
    return found


def _together(tokenizer, chats: Sequence[Messages]) -> list[str]:
    """[] where they have to be rendered one by one: to say which of them fails and why, or because the tokenizer's own
    code takes one at a time."""
    try:
        found = _rendered(tokenizer, [list(messages) for messages in chats], {})
    except Exception:
        return []
    whole = isinstance(found, list) and len(found) == len(chats)
    return found if whole and all(isinstance(text, str) and len(text) <= CHARACTERS for text in found) else []


def _rendered(tokenizer, conversation: list, options: Mapping[str, Any]):
    """What transformers makes of one conversation, or of a list of them, within the time for one."""
    given = {"tokenize": False, "add_generation_prompt": True, **options_of(tokenizer).args, **options}
    with _fixed_date(options_of(tokenizer).date), _time_limit(SECONDS):
        return tokenizer.apply_chat_template(conversation, **given)


def reason_of(error: BaseException) -> str:
    """The error in one line: its kind where it says nothing itself, and the line of the template if known."""
    said = " ".join(str(error).split())[:300].rstrip(".")
    kind = {"RecursionError": "it calls itself for ever", "MemoryError": "it takes too much memory"}
    where = f" (line {line} of the template)" if (line := getattr(error, "lineno", None)) else ""
    return kind.get(type(error).__name__) or (f"{said or type(error).__name__}{where}")


def _check_bounds(tokenizer, model: str) -> None:
    """Render a short message in a process of its own, which is ended where it takes too much time or memory."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return
    ours, theirs = multiprocessing.Pipe(duplex=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: the child runs Python alone
        trial = multiprocessing.get_context("fork").Process(target=_trial, args=(theirs, tokenizer), daemon=True)
        trial.start()
    theirs.close()
    in_time = ours.poll(2 * SECONDS)  # something was sent, or the process is gone
    if not in_time:
        trial.kill()
    trial.join()
    if not in_time:
        raise ActivationError(f"the chat template of {model} did not finish within {2 * SECONDS} s for a short message")
    if trial.exitcode:
        raise ActivationError(f"the chat template of {model} takes more than {BYTES / 1e9:.0f} GB for a short message")


def _trial(done: Connection, tokenizer) -> None:
    """In the child: an error of the template is of no interest here, only that it comes to an end."""
    _limit_memory(BYTES)
    hello = {"role": "user", "content": "Hello"}
    for messages in ([hello], [{"role": "system", "content": "Be brief."}, hello]):
        try:
            apply_template(tokenizer, messages)
        except ActivationError as error:
            if isinstance(error.__cause__, MemoryError):
                raise SystemExit(1) from error
    done.send(None)


def _limit_memory(n_bytes: int) -> None:
    """Allow this process so many more bytes than it has now; nothing where the system knows no such limit."""
    try:
        import resource

        with open("/proc/self/statm") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (now + n_bytes, hard))
    except (ImportError, OSError, ValueError):
        return


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError after so many seconds of this process's own work, since a busy machine may leave it little of
    each; no limit outside the main thread, where signals do not arrive."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_):
        raise TimeoutError(f"it did not finish within {seconds} s")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextlib.contextmanager
def _fixed_date(date: str) -> Iterator[None]:
    """Let `strftime_now`, which transformers gives to templates, say this date at midnight."""
    fixed = datetime.fromisoformat(date)

    class Fixed(datetime):
        @classmethod
        def now(cls, tz=None):
            return fixed.replace(tzinfo=tz)

    before = chat_template_utils.datetime
    chat_template_utils.datetime = Fixed
    try:
        yield
    finally:
        chat_template_utils.datetime = before
