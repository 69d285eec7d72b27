"""The commands: one function each, which reads its options, imports the modules it needs and does the work."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from churn.progress import OPTIONS, note, progress

if TYPE_CHECKING:
    from jsonargparse import ArgumentParser

    from churn.data import DataConfig

ALARM = 3  # exit code


def _simulate(arguments: list[str]) -> None:
    from churn.configuration import parse
    from churn.data import PRESETS, Arrivals, Makings, simulate
    from churn.keys import SEEDS, OneOf, Range

    parser = _parser("simulate")
    parser.add_argument("--preset", default="small", help=f"how large: {', '.join(PRESETS)}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--dirt", type=int, help="rows to spoil of every kind of dirt; ledger.csv counts them")
    parser.add_argument("--arrivals", type=int, help="launches to write, too, with how likely each is to be carried")
    parser.add_argument(
        "--items", action="store_true", dest="makings", help="items and visits to activities, too, with their truth"
    )
    parser.add_argument(
        "--contagion",
        type=float,
        default=1.0,
        help="how many times as likely creators fade while the circle of their fans is silent, 1 to 5",
    )
    options = parse(arguments, parser=parser)
    OneOf(tuple(PRESETS)).check("--preset", options.preset)
    SEEDS.check("--seed", options.seed)
    if options.dirt is not None:
        Range(0, 1_000_000).check("--dirt", options.dirt)
    Range(1, 5).check("--contagion", options.contagion)
    made = None
    if options.arrivals is not None:
        Range(1, 10_000_000).check("--arrivals", options.arrivals)
        made = Arrivals(n=options.arrivals)
    with progress(f"simulate {options.preset}"):
        items = Makings() if options.makings else None
        simulate(
            options.preset,
            seed=options.seed,
            out=options.out,
            dirt=options.dirt,
            made=made,
            items=items,
            contagion=options.contagion,
        )
    if options.dirt is not None:
        print(f"ledger: {options.out / 'ledger.csv'}")


def _init(arguments: list[str]) -> None:
    from churn.configuration import parse

    parser = _parser("init")
    parser.add_argument("files", nargs="+", help="a file, folder, quoted glob or database's table for each table")
    parser.add_argument("--out", type=Path, default=Path("churn.yaml"), help="the configuration to write, a new file")
    options = parse(arguments, parser=parser)
    from churn.init import init

    init(options.files, out=options.out)


def _check(arguments: list[str]) -> None:
    from churn.configuration import parse, run_config, run_parser, without_models

    parser = run_parser("check")
    parser.add_argument("--out", type=Path, default=None, help="folder for the rows that cannot be used")
    options = without_models(parse(arguments, parser=parser))
    config = run_config(options)
    from churn.check import check
    from churn.language import speaking

    with speaking(config.language, config.labels):
        check(config.data, options.out)


def _verify_engine(arguments: list[str]) -> int:
    from churn.configuration import parse, run_config, run_parser, without_models
    from churn.keys import SEEDS, Range

    parser = run_parser("verify-engine")
    parser.description = (
        "Counts the tables of the configuration, and generated logs with odd zones, days and dirt, on an engine and on "
        "the default one. Exit code 3: a value differs."
    )
    parser.add_argument("url", help="the engine, such as sc://host:15002 or postgresql://ada@db/shop")
    parser.add_argument("--out", type=Path, required=True, help="folder for certificate.json")
    parser.add_argument("--logs", type=int, default=20, help="generated logs")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the own log, about, all of some users")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the seed of the first generated log")
    options = without_models(parse(arguments, parser=parser))
    Range(0, 100_000).check("--logs", options.logs)
    Range(1, 10_000_000).check("--rows", options.rows)
    SEEDS.check("--from", options.first)
    config = run_config(options)
    from churn.check import summary, verify_engine
    from churn.language import speaking

    sizes = {"logs": options.logs, "rows": options.rows, "seed": options.first}
    with speaking(config.language, config.labels):
        certificate = verify_engine(options.url, config.data, out=options.out, **sizes)
        print(summary(certificate))
    return 0 if certificate["equal"] else ALARM


def _run(arguments: list[str]) -> None:
    from churn.configuration import parse, run_config, run_parser

    parser = run_parser("run")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    options = parse(arguments, parser=parser)
    config = run_config(options)
    from churn.language import speaking
    from churn.pipeline import run

    finished = run(config, options.out)
    with speaking(config.language, config.labels):
        print(f"{_pages(finished.report)}{_held_back(options.out)}{_warnings(finished.warnings)}")


def _pages(report: Path) -> str:
    """The paths of both pages."""
    from churn.artefacts import declared

    return f"report: {report}\nevidence: {report.with_name(declared.EVIDENCE)}"


def _tune(arguments: list[str]) -> None:
    from churn.configuration import parse, run_config, run_parser

    parser = run_parser("tune")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    options = parse(arguments, parser=parser)
    config = run_config(options)
    from churn.artefacts import declared
    from churn.language import speaking
    from churn.pipeline import tune

    trials = tune(config, options.out).folder / declared.TRIALS.file
    with speaking(config.language, config.labels):
        print(f"trials: {trials}{_caution(config.data)}")


def _caution(data: "DataConfig") -> str:
    """A further line if the split makes the measures less meaningful than they seem."""
    from churn.data import caution_of
    from churn.language import say

    caution = caution_of(data.split.kind, arrivals=data.windows.at_risk == "arrival")
    return _warnings([say(caution)] if caution else [])


def _warnings(sentences: Iterable[str]) -> str:
    return "".join(f"\nwarning: {sentence}" for sentence in sentences)


def _score(arguments: list[str]) -> None:
    from churn.configuration import RunConfig, parse, run_config, run_parser
    from churn.keys import as_day

    parser = run_parser("score")
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished run")
    parser.add_argument("--cutoff", type=str, required=True, help="the first day that is not known, as 2024-03-01")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    to = "table of a warehouse for scores and list, too, as postgresql://ada@db/shop::crm.scores; it is made if need be"
    parser.add_argument("--to", default=None, help=to)
    options = parse(arguments, parser=parser)
    as_day("--cutoff", options.cutoff)
    config = run_config(options)
    from churn.delivery import ScoredTable

    table = None if options.to is None else ScoredTable.reached(options.to)
    from churn.artefacts import declared
    from churn.language import retold, say_many, speaking
    from churn.models import allowing
    from churn.scoring import score

    with progress("score"), allowing(spec.class_path for spec in config.specs):
        id_key = config.segments.id_key
        out = score(
            options.run,
            config.data,
            cutoff=options.cutoff,
            out=options.out,
            id_key=id_key,
            offered=config.segments.offers,
        )
        n = None if table is None else table.put(out)
        finished = RunConfig.stored(options.run)
    about = [
        *declared.MANIFEST.read(options.run)["list_warnings"],
        *declared.SCORING.read(out)["warnings"],
    ]
    with speaking(finished.language, finished.labels):
        cautions = f"{_held_back(out)}{_caution(finished.data)}{_warnings(map(retold, about))}"
        if n is not None and table is not None:
            users = say_many("{n} scored user in {table}", "{n} scored users in {table}", n, table=table.name)
            cautions = f"\n{users}{cautions}"
    print(f"list: {out / declared.CONTACTS.file}{cautions}")


def _export(arguments: list[str]) -> None:
    from churn.configuration import RunConfig, parse

    parser = _parser("export")
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished run")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    own = "import paths of classes of your own among the run's models, which are then imported"
    parser.add_argument("--models", type=list[str], default=[], help=own)
    options = parse(arguments, parser=parser)
    from churn.export import CLOSE, export
    from churn.language import say, speaking
    from churn.models import allowing

    with progress("export"), allowing(options.models):
        found = export(options.run, options.out)
        config = RunConfig.stored(options.run)
    with speaking(config.language, config.labels):
        for one in found:
            told = {"model": one.model, "n": f"{one.windows:,}", "far": f"{one.largest_difference:.1e}"}
            print(say("{file}: {model}; largest difference on {n} windows: {far}", file=options.out / one.file, **told))
        if far := [one.file for one in found if not one.close]:
            warning = say(
                "{files} differs by more than {most:g}: the network's single precision, where its calibrator is steep; "
                "leave isotonic out of evaluation.calibrators if this matters",
                files=", ".join(far),
                most=CLOSE,
            )
            print(_warnings([warning]).lstrip("\n"))


def _held_back(folder: Path) -> str:
    """A further line if users of the list must not be contacted."""
    from churn.artefacts import declared
    from churn.language import say_many
    from churn.segments import CONTROL

    held = int((declared.PRIORITY.read(folder).group == CONTROL).sum())
    if not held:
        return ""
    told = say_many(
        "held back, not to be contacted: {n} user, named in {file}",
        "held back, not to be contacted: {n} users, named in {file}",
        held,
        file=folder / declared.CONTROL.file,
    )
    return f"\n{told}"


def _outcomes(arguments: list[str]) -> int:
    from churn.configuration import parse, run_config, run_parser

    parser = run_parser("outcomes")
    parser.description = (
        "What happened after a list was made, by the log that went on (data), and what to compare with (outcomes); "
        "of other blocks, only segments.id_key, segments.offers and the classes of models count. Exit code 3: an alarm "
        "of outcomes.alarms, a line of stderr each; 2: a mistake in the input; 0: neither."
    )
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished run or scoring")
    parser.add_argument("--out", type=Path, default=None, help="folder to write to; by default outcomes in that folder")
    options = parse(arguments, parser=parser)
    config = run_config(options)
    from churn.folder import FOLLOWED_UP
    from churn.models import allowing
    from churn.outcomes import follow_up, summary

    out = options.run / FOLLOWED_UP if options.out is None else options.out
    with progress("outcomes"), allowing(spec.class_path for spec in config.specs):
        id_key, offered = config.segments.id_key, config.segments.offers
        found = follow_up(options.run, config.data, config=options.outcomes, out=out, id_key=id_key, offered=offered)
    summary(found)
    for alarm in found.alarms:
        note(f"alarm: {alarm}")
    return ALARM if found.alarms else 0


def _configured(command: str, config: type) -> "ArgumentParser":
    """The parser of a command whose configuration is not a run's."""
    from churn import strict_yaml

    parser = _parser(command)
    parser.parser_mode = strict_yaml.MODE
    parser.add_argument("--config", "-c", action="config", help="YAML file; several are merged in their order")
    parser.add_class_arguments(config)
    return parser


def _deliver(arguments: list[str]) -> None:
    from churn.configuration import parse
    from churn.delivery import DeliveryConfig

    parser = _configured("deliver", DeliveryConfig)
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished run or scoring")
    parser.add_argument("--to", default=None, help="the only destination; by default all that have a `to`")
    parser.add_argument("--dry-run", action="store_true", help="write nothing, and tell what would leave")
    options = parse(arguments, parser=parser, block=DeliveryConfig)
    config = DeliveryConfig(**{one.name: options[one.name] for one in fields(DeliveryConfig)})
    from churn.delivery import deliver, summary

    with progress("deliver"):
        deliver(options.run, config, to=options.to, dry_run=options.dry_run, tell=summary)


def _tag(arguments: list[str]) -> None:
    from churn.configuration import parse
    from churn.report import write_tags
    from churn.tagging import TagConfig, summary, tag

    parser = _configured("tag", TagConfig)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    options = parse(arguments, parser=parser)
    config = TagConfig(**{name: options[name] for name in ("data", "taggers", "coverage", "seed", "language")})
    from churn.language import speaking

    out = tag(config, options.out)
    write_tags(out, config.language)
    with speaking(config.language):
        summary(out)


def _report(arguments: list[str]) -> None:
    from churn.configuration import parse

    parser = _parser("report")
    parser.add_argument("--run", type=Path, required=True, help="folder of a finished run")
    parser.add_argument("--language", default=None, help="of the pages: en or ko; the run's own by default")
    own = (
        "import paths of sections of your own, for the evidence; what report.sections of the run names is not imported"
    )
    parser.add_argument("--sections", type=list[str], default=[], help=own)
    options = parse(arguments, parser=parser)
    from churn.report import Run, write_report

    with progress("report"):
        page = write_report(options.run, options.language, sections=options.sections)
    if left_out := [path for path in Run(options.run).settings["report"]["sections"] if path not in options.sections]:
        named = f"--sections '[{', '.join([*options.sections, *left_out])}]'"
        print(
            f"note: sections of the run's own are not imported; to have them in the evidence add {named}",
            file=sys.stderr,
        )
    print(_pages(page))


_NEEDED = ("fastapi", "uvicorn", "sqlalchemy", "alembic", "argon2", "python_multipart")  # by `churn serve`


def _serve(arguments: list[str]) -> None:
    from importlib.util import find_spec

    from churn.configuration import parse
    from churn.errors import UserError
    from churn.keys import OneOf, Range

    adds = arguments[:1] == ["add-user"]
    parser = _parser("serve add-user" if adds else "serve")
    parser.add_argument("--runs", type=Path, required=True, help="folder in which runs and scorings lie")
    parser.add_argument("--store", default=None, help="URL of the team's marks; by default work.sqlite in that folder")
    if adds:
        parser.add_argument("name", help="who may log in; the password is asked for, or read from a pipe")
        parser.add_argument("--role", default="team", help="viewer, team or admin")
    else:
        parser.description = (
            "The lists of a folder as a web application in which a team works. It is for this computer alone and "
            "prints a link that works once; another --host demands accounts: churn serve add-user NAME --role team."
        )
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
        parser.add_argument("--port", type=int, default=8000, help="port to listen at; 0 for any that is free")
        parser.add_argument("--trust-header", default=None, help="header in which a reverse proxy names whom it let in")
        parser.add_argument(
            "--trusted-proxy", default=None, help="the proxy's address, from which alone it is believed"
        )
        parser.add_argument("--site", default=None, help="name by which browsers call the proxy")
    options = parse(arguments[1:] if adds else arguments, parser=parser)
    if lacking := [name for name in _NEEDED if find_spec(name) is None]:
        raise UserError("expected the extra of churn serve", f"no {lacking[0]}", "pip install 'churn[serve]'")
    if adds:
        OneOf(("viewer", "team", "admin")).check("--role", options.role)
        from churn.serving import add_user

        add_user(options.runs, options.name, options.role, store=options.store)
        return
    Range(0, 65_535).check("--port", options.port)
    from churn.serving import Proxy, serve

    told = (options.trust_header, options.trusted_proxy, options.site)
    proxy = Proxy.of(*told) if any(told) else None
    serve(options.runs, host=options.host, port=options.port, store=options.store, proxy=proxy)


def _parser(command: str) -> "ArgumentParser":
    from jsonargparse import ArgumentParser

    return ArgumentParser(prog=f"churn {command}", exit_on_error=False, epilog=OPTIONS)


COMMANDS: dict[str, tuple[Callable[[list[str]], int | None], str]] = {
    "simulate": (_simulate, "write a made-up log whose truth is known"),
    "init": (_init, "look at files and write a commented configuration that runs"),
    "check": (_check, "read the data, train nothing: counts, base rates, windows per part"),
    "verify-engine": (_verify_engine, "whether an engine counts as the default one; exits with 3 if a value differs"),
    "run": (_run, "the whole pipeline, from the log to the report; continues where it stopped"),
    "tune": (_tune, "the search alone"),
    "score": (_score, "score new data with a finished run's models"),
    "export": (_export, "a run's chosen models as ONNX, with what a caller has to give them"),
    "outcomes": (_outcomes, "what came of a list, by the log that went on; exits with 3 on an alarm"),
    "deliver": (_deliver, "a list to where the team works, by a contract; held-back users never leave"),
    "tag": (_tag, "give items categories by their titles and pictures"),
    "report": (_report, "build a run's two pages again"),
    "serve": (_serve, "the lists as a web application in which a team works"),
}
