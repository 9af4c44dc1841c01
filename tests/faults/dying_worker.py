"""A worker that dies between writing a face and telling the server that the job is done."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys

from PIL import Image

from config.settings import load_settings
from inference.protocol import FaceResult
from inference.queue.nats.adverts import WorkerAdvert
from inference.queue.nats.queue import open_nats_queue
from inference.served import served_model_ids


async def main() -> None:
    """Take one job, as the fastest worker there is."""
    settings = load_settings()
    models = {style.value: model_id for style, model_id in served_model_ids(settings.inference).items()}
    async with open_nats_queue(settings.queue, asks=False) as queue:
        queue.serve(WorkerAdvert("dying", "dying", "1", settings.inference.runtime, models, 0.0001, 1))
        sys.stderr.write('{"event": "worker_started"}\n')
        (lease,) = await queue.pull(1, 0)
        picture = io.BytesIO()
        Image.new("RGB", (128, 128), (200, 100, 50)).save(picture, "WEBP")
        await queue._results.put(FaceResult(lease.job.key, picture.getvalue(), 128, 128, 1.0))
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(main())
