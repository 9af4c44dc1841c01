from pathlib import Path

import pytest

from config.settings import load_settings
from inference.bench.first_face import WorkerFailed, first_face

TESTS = Path(__file__).parents[2]


def test_a_worker_is_ready_before_its_first_face(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    settings = load_settings().inference.model_copy(update={"runtime": "fakes.generators:instant"})
    found = first_face(settings, starts=1)
    assert 0 < found.ready_s < found.face_s
    assert found.memory_mb > 10


def test_a_worker_that_cannot_start_is_said() -> None:
    settings = load_settings().inference.model_copy(update={"runtime": "nowhere:missing"})
    with pytest.raises(WorkerFailed):
        first_face(settings, starts=0)
