"""What the command takes: its parser, and a client from what was given."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from featurelib_client.compatibility import OPERATIONS
from featurelib_client.errors import ConfigurationError
from featurelib_client.settings import Settings
from featurelib_client.version import __version__

__all__ = ["URL", "Command", "given_settings", "parser"]

Command = Callable[[argparse.Namespace], int]
URL, KEY = "FEATURELIB_CLIENT_URL", "FEATURELIB_CLIENT_KEY"
"""Variables of the environment. A key has no option: others on the machine see arguments."""
_LOCAL = "http://127.0.0.1:8000"

_STATUS = """\
exit status:
  0  done
  1  no answer, or not ready; bench: a call failed
  2  asked wrongly; nothing was sent
  3  check: the contracts do not fit
"""
_EXAMPLES = {
    "": """\
examples:
  featurelib-client recommend --user 42 --k 10
  featurelib-client ready --url http://films:8000
  featurelib-client bench --rate 200 --seconds 10
  featurelib-client check http://films:8000
""",
    "recommend": """\
examples:
  featurelib-client recommend --user 42 --k 10
  featurelib-client recommend --user 42 \\
      --candidates 50,181,258 --json
""",
    "infer": """\
FILE is JSON: names with lists, or with whole tensors:
  {"user_ids": [[3], [4]]}
  {"user_ids": {"datatype": "INT64",
                "shape": [2, 1], "data": [3, 4]}}
The type of a list is the one that the model asks for.

examples:
  featurelib-client infer ranker --inputs pairs.json
  echo '{"user": [[0.5]]}' |
      featurelib-client infer towers --inputs -
""",
    "models": """\
example:
  featurelib-client models --url http://films:8000
""",
    "ready": """\
example:
  until featurelib-client ready; do sleep 1; done
""",
    "check": """\
It reads the server's /openapi.json, and looks whether
the server takes all that this client may send, and
answers only what it can read.

examples:
  featurelib-client check http://films:8000
  featurelib-client check --needs infer --needs ready
""",
    "bench": """\
With --rate requests arrive at random times, whether
the last was answered or not, and a latency counts from
the time at which the request was to be sent. Without
it, so many workers ask one after the other. The
circuit breaker is off here: every failure is seen.

examples:
  featurelib-client bench --rate 200 --seconds 10
  featurelib-client bench --workers 8 --count 5000
  featurelib-client bench --rate 50 --model ranker \\
      --inputs pairs.json
""",
}


class _Parser(argparse.ArgumentParser):
    """A parser whose errors take one line."""

    def __init__(self, *, examples: str, **options: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
            epilog=f"{_EXAMPLES[examples]}\n{_STATUS}", **options,
        )  # fmt: skip

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser(commands: Mapping[str, Command]) -> argparse.ArgumentParser:
    """The parser of the command.

    Args:
        commands: What runs for each word.
    """
    made = _Parser(
        examples="", prog="featurelib-client",
        description="Asks a service of recommendations, or any server\n"
        "of the Open Inference Protocol v2.",
    )  # fmt: skip
    made.add_argument("--version", action="version", version=f"featurelib-client {__version__}")
    words = made.add_subparsers(required=True, metavar="COMMAND", dest="command")

    def command(name: str, about: str, *, has_url: bool = True) -> argparse.ArgumentParser:
        one = words.add_parser(name, help=about, description=about, examples=name)
        one.set_defaults(run=commands[name])
        _common(one, has_url=has_url)
        return one

    add = command("recommend", "Films for a user.").add_argument
    add("--user", type=int, required=True, metavar="ID", help="to whom")
    _shared(add)
    add("--candidates", type=_ids, metavar="ID,ID", help="films to rank; else the service finds")
    add("--min-offset", type=int, default=0, metavar="N", help="ratings up to there are seen")

    add = command("infer", "Runs a model.").add_argument
    add("model", metavar="MODEL", help="its name")
    add("--inputs", required=True, metavar="FILE", help="its tensors as JSON; -: the input")
    add("--outputs", type=_names, metavar="A,B", help="which outputs; else all")
    add("--model-version", metavar="V", help="which version; else the server's choice")

    command("models", "The models of the service.")
    command("ready", "Whether the server can answer.")

    one = command("check", "Whether a live server fits this client.", has_url=False)
    one.add_argument("url", nargs="?", default=_url(), metavar="URL", help="(%(default)s)")
    one.add_argument(
        "--needs", action="append", choices=sorted(OPERATIONS), metavar="OPERATION",
        help=f"look at this alone; may be repeated: {', '.join(sorted(OPERATIONS))}",
    )  # fmt: skip

    add = command("bench", "Calls for some time; percentiles, errors by kind.").add_argument
    add("--rate", type=float, metavar="R", help="arrivals a second")
    add("--workers", type=int, default=1, metavar="N", help="without --rate (%(default)s)")
    add("--seconds", type=float, default=10.0, metavar="S", help="at most (%(default)s)")
    add("--count", type=int, default=100_000, metavar="N", help="calls at most (%(default)s)")
    add("--users", type=int, default=943, metavar="N", help="drawn from 1 to N (%(default)s)")
    add("--user", type=int, metavar="ID", help="this one alone")
    _shared(add)
    add("--inputs", metavar="FILE", help="runs --model with these tensors instead")
    add("--seed", type=int, default=0, metavar="N", help="of all draws (%(default)s)")
    add("--cache-mib", type=float, default=0.0, metavar="M", help="keeps answers (%(default)s)")
    add("--hedge", action="store_true", help="asks again what is slower than most")
    return made


def given_settings(options: argparse.Namespace) -> dict[str, Any]:
    """The knobs of a client that the options give.

    Raises:
        ConfigurationError: The file of the key cannot be read.
    """
    key = os.environ.get(KEY) or None
    if options.key_file is not None:
        try:
            key = options.key_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "expected ASCII"
            raise ConfigurationError(f"--key-file {options.key_file}: {reason}") from None
    return {"api_key": key, "timeout_s": options.timeout_s, "max_attempts": options.attempts}


def _common(made: argparse.ArgumentParser, *, has_url: bool) -> None:
    group = made.add_argument_group("all commands")
    if has_url:
        group.add_argument(
            "--url", default=_url(), help=f"of the server; else ${URL} (%(default)s)"
        )
    group.add_argument("--key-file", type=Path, metavar="FILE", help=f"a key; else ${KEY}")
    knobs = {name: Settings.__dataclass_fields__[name].default for name in _KNOBS}
    group.add_argument(
        "--timeout-s", type=float, default=knobs["timeout_s"], metavar="S",
        help="of a call with all its attempts (%(default)s)",
    )  # fmt: skip
    group.add_argument(
        "--attempts", type=int, default=knobs["max_attempts"], metavar="N",
        help="of a call at most (%(default)s)",
    )  # fmt: skip
    group.add_argument("--json", action="store_true", help="JSON, errors too")


_KNOBS = ("timeout_s", "max_attempts")


def _shared(add: Callable[..., Any]) -> None:
    add("--k", type=int, default=10, metavar="N", help="how many (%(default)s)")
    add("--model", metavar="NAME", help="what ranks; else the service's choice")


def _url() -> str:
    return os.environ.get(URL) or _LOCAL


def _ids(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected 1,2,3, got {text!r:.40}") from None


def _names(text: str) -> list[str]:
    return text.split(",")
