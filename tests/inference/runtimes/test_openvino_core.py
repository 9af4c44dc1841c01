import subprocess
import sys
from pathlib import Path

from onnx import TensorProto, helper, save

PROGRAM = """
import faulthandler, os, signal, sys
from pathlib import Path
from inference.runtimes.openvino import OpenVinoGenerator

faulthandler.enable()  # it uses a signal stack, as pytest and others do
signal.signal(signal.SIGTERM, lambda number, frame: print("still here"))
generators = [OpenVinoGenerator(Path(sys.argv[1])) for _ in range(3)]
while generators:
    generators.pop(0)
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_signals_still_arrive_after_networks_went_in_the_order_they_came(tmp_path: Path) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in ("image", "face")]
    graph = helper.make_graph([helper.make_node("Neg", ["image"], ["face"])], "negative", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    save(model, tmp_path / "negative.onnx")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "negative.onnx")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "still here\n")
