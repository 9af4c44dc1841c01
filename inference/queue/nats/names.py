"""What streams, subjects and headers are called. `config/nats-roles.conf` gives each role its share of them.

The version of the protocol is a part of every subject, so that programs of different versions never read each other's
messages; a job's model is, too, so that a worker is given only what it can draw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from inference.protocol import FaceJob
from inference.wire import PROTOCOL_VERSION

JOBS = "EMOTEFACE_JOBS"
RESULTS = "KV_EMOTEFACE_RESULTS"  # readable with `nats kv`, too
DEAD = "EMOTEFACE_DEAD"
LARGE = "EMOTEFACE_LARGE"

ROLL_CALL = "emoteface.roll-call"
CHANGES = "emoteface.changes"
ADVERTS = f"emoteface.workers.v{PROTOCOL_VERSION}"
JOB_SUBJECTS = "emoteface.jobs"
DEAD_SUBJECTS = "emoteface.dead"
LARGE_SUBJECTS = "emoteface.large"
RESULT_SUBJECTS = "$KV.EMOTEFACE_RESULTS"
GIVEN_UP = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{JOBS}"
UNDERTAKERS = f"undertakers-v{PROTOCOL_VERSION}"

TTL = "Nats-TTL"
EXPECTED_STREAM = "Nats-Expected-Stream"
EXPECTED_SEQUENCE = "Nats-Expected-Last-Subject-Sequence"
STATUS = "Status"
SEQUENCE = "Nats-Sequence"
SUBJECT = "Nats-Subject"
CLOCK = "Emoteface-Clock"  # how far the sender's clock is ahead of the server's, in seconds
LARGE_OBJECT = "Emoteface-Large"  # the name of the pieces that hold what did not fit into a message
FRESH_UNTIL = "Emoteface-Fresh-Until"  # by the server's clock, Unix seconds
CODE = "Emoteface-Code"
ATTEMPTS = "Emoteface-Attempts"


def is_ours(subject: str) -> bool:
    """Whether this is a job of our version of the protocol."""
    return subject.startswith(f"{JOB_SUBJECTS}.v{PROTOCOL_VERSION}.")


def model_token(model_id: str) -> str:
    """A model id as a part of subjects and names, whatever it is made of."""
    return hashlib.sha256(model_id.encode()).hexdigest()[:16]


def job_subject(job: FaceJob) -> str:
    """One message a subject: this is what makes a job in flight unique. The cost is there to be summed up."""
    return f"{JOB_SUBJECTS}.v{PROTOCOL_VERSION}.{model_token(job.model_id)}.{job.cost}.{job.key}"


def jobs_of(model_id: str) -> str:
    """The subjects of everything this model is to draw."""
    return f"{JOB_SUBJECTS}.v{PROTOCOL_VERSION}.{model_token(model_id)}.>"


def cost_in(subject: str) -> int:
    """What the job of this subject costs; 0 for one that is not ours."""
    parts = subject.split(".")
    return int(parts[4]) if len(parts) == 6 and parts[4].isdecimal() else 0


def token_in(subject: str) -> str:
    """The token of the job's model."""
    parts = subject.split(".")
    return parts[3] if len(parts) == 6 else ""


def key_in(subject: str) -> str:
    """The job's key."""
    return subject.rpartition(".")[2]


def consumer_of(model_id: str) -> str:
    """The consumer that all workers with this model share."""
    return f"v{PROTOCOL_VERSION}-{model_token(model_id)}"


def result_subject(key: str) -> str:
    """Where the outcome of this key is published and kept."""
    return f"{RESULT_SUBJECTS}.v{PROTOCOL_VERSION}.{key}"


def number_in(headers: Mapping[str, str] | None, name: str) -> float:
    """The number in a header; 0 without one, or for what is none."""
    try:
        return float((headers or {}).get(name, 0))
    except ValueError:
        return 0.0
