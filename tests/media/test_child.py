"""Processes that die, hang, or find no space, and what their parent makes of it."""

import contextlib
import errno
import os
import signal
import sys
import time

import pytest

from emodist.errors import EmodistError, FileTimeoutError, ProcessDiedError, UnexpectedError
from emodist.media.child import Child
from emodist.media.settings import MediaSettings

pytestmark = pytest.mark.slow


def obeying(settings):
    def stage(words):
        for word in words:
            if word == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            if word == "hang":
                time.sleep(600)
            if word == "full":
                raise OSError(errno.ENOSPC, "No space left on device")
            if word == "grow":
                bytearray(2**30)
            if word == "fail":
                raise ZeroDivisionError("by zero")
            yield word

    return stage


def refusing(settings):
    raise EmodistError("not today")


def child(make=obeying):
    settings = MediaSettings(path="-", out="-", file_timeout_s=1.0)
    return contextlib.closing(Child(make, settings))


def test_messages_come_in_order_and_signs_of_life_are_not_all_sent():
    with child() as obedient:
        messages = list(obedient.run([None, "a", None, None, "b"]))
        assert [message for message in messages if message is not None] == ["a", "b"]
        assert list(obedient.run(["c"])) == ["c"]


@pytest.mark.parametrize(
    ("word", "error", "message"),
    [
        ("die", ProcessDiedError, "SIGKILL"),
        ("hang", FileTimeoutError, "no sound for 1 s"),
        ("full", OSError, "No space left"),
        ("fail", UnexpectedError, "ZeroDivisionError: by zero"),
    ],
)
def test_what_came_before_a_fault_arrives_and_the_next_request_is_served(word, error, message):
    with child() as obedient:
        seen = []
        with pytest.raises(error, match=message):
            seen.extend(obedient.run(["a", word, "b"]))
        assert list(obedient.run(["c"])) == ["c"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts what a process asks for")
def test_a_process_may_have_so_much_memory_and_no_more():
    settings = MediaSettings(path="-", out="-", file_timeout_s=10.0)
    with contextlib.closing(Child(obeying, settings, memory_gb=0.5)) as limited:
        with pytest.raises(UnexpectedError, match="MemoryError"):
            list(limited.run(["grow"]))
        assert list(limited.run(["c"])) == ["c"]
    with contextlib.closing(Child(obeying, settings, memory_gb=2)) as limited:
        assert list(limited.run(["grow"])) == ["grow"]


def test_a_stage_that_cannot_be_made_says_why():
    with child(refusing) as refused, pytest.raises(EmodistError, match="not today"):
        list(refused.run(["a"]))


def test_a_request_that_is_given_up_half_way_does_not_answer_the_next_one():
    with child() as obedient:
        messages = obedient.run(["a", "b"])
        assert next(messages) == "a"
        messages.close()
        assert list(obedient.run(["c"])) == ["c"]
