"""The command line: a command is dispatched, its folder claimed, and its end becomes an exit code and a line."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from churn import __version__
from churn.commands import COMMANDS
from churn.disk import unusable, writing
from churn.errors import UserError
from churn.folder import FOLLOWED_UP, Kind, claimed
from churn.keys import own_fault
from churn.progress import OPTIONS, Block, Loudness, is_json, note, record, telling
from churn.stopping import fall_silent, nobody_reads, print_out, standard_output, stoppable

_LIGHTNING = ("fit", "validate", "test", "predict")
_MADE: dict[str, Kind] = {  # the kind of folder at a command's --out
    "simulate": "a log",
    "check": "rejected rows",
    "run": "a run",
    "tune": "a run",
    "score": "scores",
    "outcomes": "outcomes",
    "verify-engine": "a certificate",
    "export": "an export",
}
_RESUMED = (["run"], ["tune"])
_WAITING = ("OMP_WAIT_POLICY", "PASSIVE")  # threads that spin while they wait take a busy machine's processors
_JSON = "--log=json"
_LOUDNESS: dict[str, Loudness] = {"--quiet": "quiet", "--verbose": "verbose", _JSON: "json"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code: 0, 2 for a user's mistake, 3 for an alarm of `churn outcomes`, 128 and
    the signal's number where one ended the command, 1 for a fault of the program."""
    os.environ.setdefault(*_WAITING)  # read when the first library with OpenMP is loaded
    if sys.stderr is None:  # closed standard error: messages are then discarded
        sys.stderr = Path(os.devnull).open("w", encoding="utf8")  # noqa: SIM115 - for as long as the program runs
    arguments, loudness = _loudness(list(sys.argv[1:] if arguments is None else arguments))
    with telling(loudness):
        block = Block(arguments[0] if arguments else "")
        with stoppable() as stop:
            try:
                code, line = _attempt(arguments)
            except BaseException:
                if stop.number is None:
                    raise
            if stop.number is not None:  # even where a library has made another error of it, or none
                goes_on = "; the same command goes on from here" if arguments[:1] in _RESUMED else ""
                code, line = 128 + stop.number, f"stopped by {stop.name}{goes_on}"
        return _close(block, code, line)


def _loudness(arguments: list[str]) -> tuple[list[str], Loudness]:
    """The arguments without options for more or less progress, which every command takes; the last one counts.

    Lightning's own `--verbose`, of `churn test`, has a value.
    """
    if "--log" in arguments[:-1]:
        place = arguments.index("--log")
        arguments[place : place + 2] = [f"--log={arguments[place + 1]}"]
    nexts = [*arguments[1:], ""]
    asked = [i for i, word in enumerate(arguments) if word in _LOUDNESS and nexts[i].lower() not in ("true", "false")]
    loudness = _LOUDNESS[arguments[asked[-1]]] if asked else "usual"
    return [word for i, word in enumerate(arguments) if i not in asked], loudness


def _attempt(arguments: list[str]) -> tuple[int, str]:
    """Run a command, and return its exit code and the last line to print."""
    try:
        if other := [word for word in arguments if word.startswith("--log=")]:
            raise UserError(f"expected {_JSON.replace('=', ' ')}", other[-1], "leave it out for lines of text")
        with writing(*filter(None, [standard_output()])), _claimed(arguments):
            code = _dispatch(arguments)
            print_out()
        return code, ""
    except UserError as error:
        return 2, str(error)
    except BrokenPipeError as error:
        return (128 + signal.SIGPIPE, "") if nobody_reads() else _fault(error)
    except OSError as error:
        return (2, str(unusable(error))) if unusable(error) else _fault(error)
    except Exception as error:
        return _fault(error)


def _fault(error: Exception) -> tuple[int, str]:
    if os.environ.get("CHURN_TRACEBACK"):
        raise error
    if fault := own_fault(error):
        return 2, str(fault)
    message = " ".join(f"{type(error).__name__}: {error}".split())
    return 1, f"unexpected {message}; set CHURN_TRACEBACK=1 to see where"


def _close(block: Block, code: int, line: str) -> int:
    """Print the last line without the password of a URL in it; print nothing if nobody reads the output any more."""
    try:
        if line:
            from churn.data import without_password

            line = without_password(line)
        if is_json():
            record(command=block.name, exit_code=code, **block.facts, error=line or None)
        elif line:
            note(f"churn: {line}")
        print_out()
    except OSError:
        fall_silent()
    return code


@contextmanager
def _claimed(arguments: Sequence[str]) -> Iterator[None]:
    """Claim the output folder at once, before anything heavy is loaded; a command claims it again itself."""
    kind, out = _MADE.get(arguments[0]) if arguments else None, _option("--out", arguments)
    if out is None and kind == "outcomes" and (run := _option("--run", arguments)) is not None:
        out = run / FOLLOWED_UP
    with nullcontext() if out is None or kind is None else claimed(out, kind):
        yield


def _option(name: str, arguments: Sequence[str]) -> Path | None:
    """The folder that an option names, found in the arguments without a parser."""
    found = None
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        value = following if word == name else word.removeprefix(f"{name}=") if word.startswith(f"{name}=") else ""
        found = Path(value) if value else found  # the last one counts
    return found


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(f"churn {__version__}")
        return 0
    name, rest = arguments[0], arguments[1:]
    if name in _LIGHTNING:
        from churn.lightning import lightning

        lightning([name, *rest])
        return 0
    if name not in COMMANDS:
        raise UserError(
            f"expected a command out of {', '.join((*COMMANDS, *_LIGHTNING))}", repr(name), "see churn --help"
        )
    return COMMANDS[name][0](rest) or 0


def _usage() -> str:
    rows = [(name, text) for name, (_, text) in COMMANDS.items()]
    rows += [("fit|validate|test|predict", "one network on one target, by LightningCLI")]
    lines = "\n".join(f"  {name:<26} {text}" for name, text in rows)
    return (
        f"usage: churn COMMAND [options]\n\nFrom a raw event log to a list of users to contact.\n\n{lines}\n\n"
        f"churn COMMAND --help lists a command's options; --version prints the version.\n{OPTIONS}"
    )
