import subprocess
import sys

import pytest

from inference.__main__ import COMMANDS, main


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"python -m inference {command}" in capsys.readouterr().out


def test_the_list_of_commands_loads_none_of_them() -> None:
    code = "import sys; from inference.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    heavy = "sys.exit(any(name in sys.modules for name in ('torch', 'openvino', 'numpy')))"
    shown = subprocess.run([sys.executable, "-c", code + heavy], capture_output=True, text=True, check=False)
    assert shown.returncode == 0
    assert all(command in shown.stdout for command in COMMANDS)


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dream"])
    assert ended.value.code == 2
    assert "dream" in capsys.readouterr().err
