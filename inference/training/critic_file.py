"""The critic of a run in a file small enough to commit, so that training can go on elsewhere."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from inference.checkpoint import CheckpointError
from inference.training.critic import Critic
from inference.training.run_folder import stored_state


def save_critic(path: Path, checkpoint: Path) -> None:
    """Write the critic of a run's checkpoint as float16."""
    state: dict[str, Tensor] = stored_state(checkpoint)["critic"]
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half().contiguous() for name, tensor in state.items()}, path)


def load_critic(path: Path) -> dict[str, Tensor]:
    """What `Critic.load_state_dict` takes, as float32."""
    try:
        state: dict[str, Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: not a readable critic ({error})") from error
    with torch.device("meta"):
        expected = {name: tensor.shape for name, tensor in Critic().state_dict().items()}
    if {name: tensor.shape for name, tensor in state.items()} != expected:
        raise CheckpointError(f"{path}: its weights are not a critic's")
    return {name: tensor.float() for name, tensor in state.items()}
