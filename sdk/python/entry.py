"""What the host calls."""

from robot import run
from signalbox import _settle


class Entry:
    def run(self, invocation):
        return _settle(run, invocation)
