"""The helper: one question at a time, in bounded time and memory, and again after it was ended."""

import os
import threading
import time

import pytest

from churn.keys import as_day
from churn.serving.helper import Helper
from churn.serving.refusals import RefusedError

pytestmark = pytest.mark.slow


@pytest.fixture
def helper():
    found = Helper(memory=1 << 30, seconds=3)
    yield found
    found.close()


def test_an_error_of_the_asker_comes_back_in_its_three_parts(helper, refused):
    with refused("expected a date for the day", "'soon'", "write it as 2024-03-01"):
        helper.ask(as_day, "the day", "soon")


def test_a_fault_of_the_program_is_no_error_of_the_asker(helper):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        helper.ask(divmod, 1, 0)


@pytest.mark.parametrize(
    ("question", "given", "found"),
    [(time.sleep, 60, "more than 3 s"), (bytearray, 4 << 30, "more memory"), (os._exit, 1, "more memory")],
    ids=["time", "memory", "ended"],
)
def test_too_much_is_refused_and_the_next_question_is_answered(helper, question, given, found):
    with pytest.raises(RefusedError) as caught:
        helper.ask(question, given)
    assert caught.value.status == 422 and found in str(caught.value)
    assert helper.ask(abs, -1) == 1


def test_whoever_asks_meanwhile_is_told_to_come_again(helper):
    helper.ask(abs, 1)
    busy = threading.Thread(target=helper.ask, args=(time.sleep, 2.5))
    busy.start()
    time.sleep(0.2)
    with pytest.raises(RefusedError) as caught:
        helper.ask(abs, 1)
    busy.join()
    assert caught.value.status == 503
