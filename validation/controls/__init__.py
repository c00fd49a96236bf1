"""The controls with known truth: those of the protocol, and one file for each kind of mistake."""

from tacit.validation.controls.class_bias import CLASS_BIAS_CONTROLS
from tacit.validation.controls.equality import EQUALITY_CONTROLS
from tacit.validation.controls.few_groups import FEW_GROUPS_CONTROLS
from tacit.validation.controls.leaning import LEANING_CONTROLS
from tacit.validation.controls.peer import PEER_CONTROLS
from tacit.validation.controls.protocol import PROTOCOL_CONTROLS
from tacit.validation.controls.reply import REPLY_CONTROLS
from tacit.validation.controls.surface import SURFACE_CONTROLS

__all__ = ["CONTROLS"]

CONTROLS = (
    *PROTOCOL_CONTROLS, *FEW_GROUPS_CONTROLS, *PEER_CONTROLS, *REPLY_CONTROLS, *SURFACE_CONTROLS, *EQUALITY_CONTROLS,
    *LEANING_CONTROLS, *CLASS_BIAS_CONTROLS,
)  # fmt: skip
