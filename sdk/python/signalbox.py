"""The Signalbox SDK for Python.

A robot is a module `robot` with a function `run(invocation)`, which returns `done(text)` or `skipped(text)`.
Beside the names below, a robot imports from `signalbox` one module for each interface that robot.toml asks for, with
the functions and records of the contract: `items.get(item)`, `notifications.NewNotification(...)`.
A refusal of the host is raised as a `Failure` with its `code`, `message` and `retryable`; one that the robot does not
catch ends the run with that code.
"""

import re
import sys
import traceback
from functools import wraps
from types import FunctionType, SimpleNamespace

from componentize_py_types import Err
from wit_world.imports import log as _log
from wit_world.imports import params as _params
from wit_world.imports import types
from wit_world.imports.types import (
    Cause_Manual,
    Cause_MessageReceived,
    Cause_Other,
    Cause_Schedule,
    Cause_StageEntered,
    Cause_Timer,
    Field,
    FieldValue_Flag,
    FieldValue_Instant,
    FieldValue_Many,
    FieldValue_Money,
    FieldValue_Number,
    FieldValue_Other,
    FieldValue_Text,
    Invocation,
    Item,
    Money,
    OtherValue,
)


class Failure(Exception):
    """Raised, it ends the run with a code of the robot's own. Nothing that the run staged is stored."""

    def __init__(self, code, message, retryable=False):
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable


def done(text=""):
    """The run did its work; the text says what, for the journal."""
    return types.Outcome_Done(str(text))


def skipped(text=""):
    """There was nothing to do; the text says why. Staged changes are stored all the same."""
    return types.Outcome_Skipped(str(text))


class log:
    """Lines for the run's journal. Never write phones, e-mails or message texts there."""

    @staticmethod
    def debug(message):
        _log.log(_log.Level.DEBUG, str(message))

    @staticmethod
    def info(message):
        _log.log(_log.Level.INFO, str(message))

    @staticmethod
    def warn(message):
        _log.log(_log.Level.WARN, str(message))

    @staticmethod
    def error(message):
        _log.log(_log.Level.ERROR, str(message))


class _Printed:
    """A stream whose lines go into the run's journal: the component has no other."""

    def __init__(self, line):
        self._line = line
        self._rest = ""

    def write(self, text):
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._line(line)
        return len(text)

    def flush(self):
        """A line is written when it ends."""


class params:
    """The values that the admin gave, as plain values: str, int, float, bool, `Money`, lists."""

    @staticmethod
    def get(key, default=None):
        """The value, or `default` when there is none and the manifest has no default."""
        value = _params.get(key)
        if value is None:
            return default
        return float(value.value) if isinstance(value, types.ParamValue_Decimal) else value.value

    @staticmethod
    def require(key):
        """The value; a failure `missing-param` when there is none."""
        value = params.get(key)
        if value is None:
            raise Failure("missing-param", f"parameter `{key}` is missing")
        return value


def hundredths(money):
    """An amount in hundredths of its currency: exact, which floating point is not."""
    found = re.fullmatch(r"([+-]?)([0-9]+)(?:\.([0-9]{1,2}))?", money.amount)
    if not found:
        raise Failure("invalid-amount", f"`{money.amount}` is no amount")
    sign, whole, part = found.groups("")
    value = int(whole + part.ljust(2, "0"))
    return -value if sign == "-" else value


def _refusing(module):
    """The functions and records of an interface, so that a refusal is raised as a `Failure`."""

    def guarded(call):
        @wraps(call)
        def guard(*values, **named):
            try:
                return call(*values, **named)
            except Err as thrown:
                refusal = thrown.value
                raise Failure(refusal.code, refusal.message, refusal.retryable) from None

        return guard

    own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
    return SimpleNamespace(
        **{name: guarded(value) if isinstance(value, FunctionType) else value for name, value in own.items()}
    )


def _settle(run, invocation):
    """Calls `run`, and turns everything that it raises into the failure that the host understands."""
    sys.stdout, sys.stderr = _Printed(log.info), _Printed(log.warn)
    try:
        outcome = run(invocation)
    except Failure as failure:
        retryable = failure.retryable is True
        raise Err(types.Failure(str(failure.code), str(failure.message), retryable)) from None
    except BaseException as thrown:
        raise _exception(f"{_words(thrown)}{_place(thrown)}") from None
    if not isinstance(outcome, (types.Outcome_Done, types.Outcome_Skipped)):
        raise _exception(f"run returned {type(outcome).__name__}; return done(text) or skipped(text)")
    return outcome


def _words(thrown):
    return "".join(traceback.format_exception_only(thrown)).strip()


def _place(thrown):
    """Where it was raised, outside of this file. Files are named from the robot's folder."""
    frames = traceback.walk_tb(thrown.__traceback__)
    places = [(frame.f_code.co_filename, line) for frame, line in frames if frame.f_code.co_filename != __file__]
    return f" at {re.sub('^/[0-9]+/', '', places[-1][0])}:{places[-1][1]}" if places else ""


def _exception(message):
    return Err(types.Failure("exception", message, False))
