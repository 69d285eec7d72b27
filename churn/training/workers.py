"""Workers: signs of life while a trial is made, and the trials of workers that have stopped giving any."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from threading import Event, Thread

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import TrialState

from churn.progress import note

HEARTBEAT_SECONDS, SILENT_SECONDS, POLL_SECONDS = 5, 15, 0.5
RUNNING = (TrialState.RUNNING,)
_SIGN = "sign"  # an attribute of a trial: a number that grows while its worker lives


@contextmanager
def alive(trial: optuna.Trial) -> Iterator[None]:
    """Show others that a trial's worker lives, until the block ends."""
    over = Event()

    def beat() -> None:
        for sign in count(1):
            with suppress(Exception):  # the trial's own reports meet any failure of the storage too, and raise it
                trial.set_user_attr(_SIGN, sign)
            if over.wait(HEARTBEAT_SECONDS):
                return

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(HEARTBEAT_SECONDS)  # no longer: a write to a lost storage may block for minutes


def end(study: Study, trial: optuna.Trial | int, value: float | None = None, *, state: TrialState) -> None:
    """Note how a trial ended, unless another worker noted it before."""
    with suppress(UpdateFinishedTrialError):
        study.tell(trial, value, state=state, skip_if_finished=True)


def give_up_all(study: Study) -> None:
    """Give up every trial under way, where no worker can be making any."""
    for number, _ in Watch(study).look():
        end(study, number, state=TrialState.FAIL)


class Watch:
    """Trials under way, each with the time of its latest sign.

    The time is when this worker first saw the sign, by its own clock, since clocks of different hosts differ. A trial
    whose worker was killed before the first sign is therefore given up like any other.
    """

    def __init__(self, study: Study) -> None:
        self._study, self._noted = study, False
        self._since: dict[tuple[int, int], float] = {}

    def look(self) -> set[tuple[int, int]]:
        """Number and latest sign of each trial under way; one that has been silent too long is given up first."""
        now, running = time.monotonic(), self._study.get_trials(deepcopy=False, states=RUNNING)
        signs = {(trial.number, trial.user_attrs.get(_SIGN, 0)) for trial in running}
        self._since = {sign: self._since.get(sign, now) for sign in signs}
        silent = {sign for sign, since in self._since.items() if now - since > SILENT_SECONDS}
        for number, _ in silent:
            end(self._study, number, state=TrialState.FAIL)
        return signs - silent

    def wait(self) -> None:
        """Let other workers go on for a moment, and say so the first time."""
        if not self._noted:
            n, name = len(self._since), self._study.study_name
            trials = f"{n} trial{'s' * (n != 1)} of {name}"
            note(f"waiting until other workers end {trials} or give no sign of life for {SILENT_SECONDS} s")
            self._noted = True
        time.sleep(POLL_SECONDS)
