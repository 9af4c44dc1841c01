from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from inference.__main__ import main
from inference.checkpoint import CheckpointError, CheckpointInfo, save_checkpoint
from inference.networks.classic import FULLY_GROWN, ClassicGenerator
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


def test_exporting_a_run_can_keep_its_critic(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run.safetensors"
    save_checkpoint(run, ClassicGenerator(8), CheckpointInfo(8, FULLY_GROWN, 1, recipe={}))
    torch.save({"critic": Critic().state_dict()}, run.with_suffix(".resume"))
    words = ["export", str(run), "-o", str(tmp_path / "served.onnx"), "--critic", str(tmp_path / "critic.safetensors")]
    assert main(words) == 0
    assert load_critic(tmp_path / "critic.safetensors").keys() == Critic().state_dict().keys()
    run.with_suffix(".resume").unlink()
    assert main(words) == 1
    assert "cannot go on from here" in capsys.readouterr().err


def test_what_is_no_critic_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot go on from here"):
        save_critic(tmp_path / "critic.safetensors", tmp_path / "absent.safetensors")
    with pytest.raises(CheckpointError, match="not a readable critic"):
        load_critic(tmp_path / "absent.safetensors")
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="not a critic's"):
        load_critic(tmp_path / "other.safetensors")
