import pytest

from inference.bench import peak
from inference.bench.peak import CPU_PRECISIONS, cpu_peaks


def test_every_type_has_a_peak_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak, "SIDES", (64,))
    peaks = cpu_peaks(threads=1, seconds=0.001)
    assert tuple(peaks) == CPU_PRECISIONS
    assert all(rate > 0 for rate in peaks.values())
