"""For every test: hypothesis without time limits, because a busy machine is not a defect."""

from hypothesis import HealthCheck, settings

settings.register_profile("emoteface", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("emoteface")
