"""`python -m serving_example.store`: fill a store, look at it, and clear what no bundle reads."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

import featurelib as fl
from featurelib.errors import FeaturelibError, InputError
from serving_example.store.errors import StoreError, VectorError
from serving_example.store.interface import Batch, Move, OnlineStore
from serving_example.store.places import open_log, open_store
from serving_example.store.tailer import owner_mark
from serving_example.store.vector import NEVER, View

if TYPE_CHECKING:
    from serving_example.features import Views


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; the exit status."""
    given = _parser().parse_args(arguments)
    console = Console()
    try:
        status: int = given.run(given, console)
    except (FeaturelibError, OSError) as error:
        console.print(f"[red]error:[/] {error}", highlight=False)
        return 1
    return status


def _materialize(given: argparse.Namespace, console: Console) -> int:
    from serving_example.features import Views, compile_stages
    from serving_example.progress import Progress
    from serving_example.store.filling import fill

    staged = compile_stages(fl.load(given.bundle))
    paths = [given.bundle, given.ratings, given.profiles, given.catalogue]
    run = given.run_name or _digest(paths)
    frames = {name: _frame(getattr(given, name)) for name in ("ratings", "profiles", "catalogue")}
    store = open_store(given.store)
    try:
        with Progress(console) as progress:
            made = fill(
                store, staged, events=frames["ratings"], profiles=frames["profiles"],
                catalogue=frames["catalogue"], run=run, advance=progress.advance,
            )  # fmt: skip
        if given.offset is not None:
            _take_over(store, given.offset, Views.of(staged))
    finally:
        store.close()
    table = Table("", "entities", "written", "kept", "unmerged", "records")
    for step, told in made.items():
        records = ", ".join(f"{n} {name}" for name, n in sorted(told.outcomes.items()) if n)
        numbers = (told.entities, told.written, told.kept, told.unmerged)
        table.add_row(step, *map(str, numbers), records)
    console.print(table)
    return 0


def _take_over(store: OnlineStore, offset: int, views: Views) -> None:
    """Makes the store's offset that of the tailer which goes on behind the ratings."""
    before = store.offset()
    if before > offset:
        raise StoreError(
            f"the store has the events up to {before}, the ratings hold them up to {offset}",
            hint=f"end the tailer, and give ratings that hold the events up to {before}",
        )
    mark = owner_mark(view.view for view in views.states.values())
    store.write(Batch(move=Move(before, offset), marks=mark))


def _salt(given: argparse.Namespace, console: Console) -> int:
    from serving_example.features import Views, compile_stages
    from serving_example.progress import Progress
    from serving_example.store.salting import salt

    views = Views.of(compile_stages(fl.load(given.bundle)))
    store = open_store(given.store)
    copies = given.users - given.histories
    try:
        with Progress(console) as progress:
            written = salt(
                store, views, given.histories, given.users,
                lambda done: progress.advance("users", done, copies),
            )  # fmt: skip
    finally:
        store.close()
    console.print(
        f"{written} vectors written: user h + {given.histories} * salt has the history of h, "
        f"up to user {given.users}", highlight=False,
    )  # fmt: skip
    return 0


def _status(given: argparse.Namespace, console: Console) -> int:
    store = open_store(given.store)
    health = store.health()
    console.print(health.detail, highlight=False)
    if health.is_ok:
        offset = store.offset()
        console.print(f"offset {offset}, change {store.changes(0, 1).head}")
        if given.log:
            log = open_log(given.log)
            console.print(f"events behind: {log.last() - offset}")
            log.close()
    store.close()
    return 0 if health.is_ok else 1


def _letters(given: argparse.Namespace, console: Console) -> int:
    store = open_store(given.store)
    for letter in store.letters(given.after, given.limit):
        text = letter.data.decode(errors="backslashreplace")
        console.print(f"{letter.offset}  {letter.reason}  {text}", markup=False, highlight=False)
    store.close()
    return 0


def _drop(given: argparse.Namespace, console: Console) -> int:
    name, _, schema = given.view.partition("@")
    try:
        view = View(name, bytes.fromhex(schema))
    except (ValueError, VectorError):
        raise StoreError(
            f"expected NAME@SCHEMA, as the stream of changes names a view, got {given.view!r}"
        ) from None
    store = open_store(given.store)
    console.print(f"{store.sweep(view, NEVER)} vectors of {view.id} are gone")
    store.close()
    return 0


def _frame(path: Path) -> Any:
    """A file of columns; its types are checked where they are used."""
    import polars as pl

    readers = {".parquet": pl.read_parquet, ".ipc": pl.read_ipc, ".arrow": pl.read_ipc}
    reader = readers.get(path.suffix)
    if reader is None:
        raise InputError(f"{path}: expected a file that ends in {', '.join(readers)}")
    return reader(path)


def _digest(paths: Sequence[Path]) -> str:
    """A name for the job: that of what it reads."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serving_example.store", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("--store", required=True, help="a folder (LMDB), or redis://, unix://")
        made.set_defaults(run=run)
        return made

    fill = command("materialize", _materialize, "Fill a store from offline files.")
    fill.add_argument("--bundle", type=Path, required=True)
    for name, what in (
        ("ratings", "events with the columns of Rating"),
        ("profiles", "user_id and the fields of a profile"),
        ("catalogue", "item_id, title, release_year, genres"),
    ):
        fill.add_argument(f"--{name}", type=Path, required=True, help=f"{what}: .parquet or .ipc")
    fill.add_argument(
        "--run", dest="run_name", help="the job's name; one that was ended goes on under it"
    )
    fill.add_argument(
        "--offset", type=int,
        help="the ratings hold the log up to here: a tailer goes on behind it",
    )  # fmt: skip
    more = command("salt", _salt, "Copy the users' histories to other ids, for load tests.")
    more.add_argument("--bundle", type=Path, required=True)
    more.add_argument("--histories", type=int, required=True, help="the users 1 to this are copied")
    more.add_argument("--users", type=int, required=True, help="the last id that gets a history")
    status = command("status", _status, "Whether it answers, and how far it is.")
    status.add_argument("--log", help="the event log: tells how many events are behind")
    letters = command("letters", _letters, "Events that were refused, with their reasons.")
    letters.add_argument("--after", type=int, default=0, help="an offset")
    letters.add_argument("--limit", type=int, default=100)
    drop = command("drop", _drop, "Clear a view that no bundle reads any more.")
    drop.add_argument("view", help="NAME@SCHEMA, as the stream of changes names it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
