"""Playgrounds whose changes are steps of their own, however soon they follow each other."""

import pytest

from lessonlib.playgrounds import base


@pytest.fixture(autouse=True)
def no_rest(request, monkeypatch):
    if "dragged" not in request.node.name:
        monkeypatch.setattr(base, "REST", 0)
