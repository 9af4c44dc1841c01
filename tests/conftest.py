"""For every test: hypothesis without time limits, because a busy machine is not a defect."""

from hypothesis import settings

settings.register_profile("emoteface", deadline=None)
settings.load_profile("emoteface")
