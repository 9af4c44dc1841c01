"""Which networks a worker with these settings serves, without loading any of them."""

from collections.abc import Mapping

from config.settings import InferenceSettings
from inference.protocol import Style
from inference.weights import shipped, shipped_styles


def served_model_ids(settings: InferenceSettings) -> Mapping[Style, str]:
    """The model id of every style that can be drawn. Raise WeightsMissing when that is none, or a file is damaged."""
    if ":" in settings.runtime:
        return dict.fromkeys(Style, settings.runtime)
    return {style: shipped(style).model_id for style in shipped_styles()}
