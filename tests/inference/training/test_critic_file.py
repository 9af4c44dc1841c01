from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from inference.checkpoint import CheckpointError
from inference.training.critic import Critic
from inference.training.critic_file import load_critic, save_critic


def test_a_critic_goes_through_a_small_file(tmp_path: Path) -> None:
    critic = Critic()
    torch.save({"critic": critic.state_dict()}, tmp_path / "run.resume")
    save_critic(tmp_path / "out" / "critic.safetensors", tmp_path / "run.safetensors")
    assert (tmp_path / "out" / "critic.safetensors").stat().st_size < 7_000_000
    other = Critic()
    other.load_state_dict(load_critic(tmp_path / "out" / "critic.safetensors"))
    for new, old in zip(other.parameters(), critic.parameters(), strict=True):
        torch.testing.assert_close(new, old, atol=2e-3, rtol=1e-3)


def test_what_is_no_critic_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot go on from here"):
        save_critic(tmp_path / "critic.safetensors", tmp_path / "absent.safetensors")
    with pytest.raises(CheckpointError, match="not a readable critic"):
        load_critic(tmp_path / "absent.safetensors")
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="not a critic's"):
        load_critic(tmp_path / "other.safetensors")
