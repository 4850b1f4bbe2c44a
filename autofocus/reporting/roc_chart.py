"""The chart of how well images that show something are told from empty ones."""

from collections.abc import Sequence

from autofocus.evaluation.metrics import RocCurve
from autofocus.reporting.charts import (
    ACCENT,
    FONT_SIZE,
    LABEL_COLOURS,
    SOFT,
    TICKS,
    make_figure,
    style,
    to_svg,
)

# The share of the empty images that is sent away, as a place in the chart, in per cent.
_KEPT = 5
_STYLES = {
    "classifier": (LABEL_COLOURS[0], "-", "classifier"),
    "detector": (LABEL_COLOURS[1], (0, (4, 2)), "detector"),
    "both": (ACCENT, "-", "both"),
}


def roc_chart(curves: Sequence[RocCurve], title: str) -> str:
    """Return ROC curves as SVG, with a line where 95 % of the empty images are sent away.

    Args:
        curves: of the classifier, and of the detector and both where there is one.
        title: what is shown.
    """
    figure = make_figure(5.2, 4.4)
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color=SOFT, ls=(0, (5, 4)), lw=1.2)
    axes.axvline(_KEPT, color=SOFT, lw=1.2, ls=(0, (1, 2)))
    for curve in curves:
        colour, line, name = _STYLES[curve.source]
        axes.plot(
            [100 * share for share in curve.empty_kept],
            [100 * share for share in curve.recall],
            color=colour,
            ls=line,
            lw=3 if curve is curves[-1] else 2,
            label=f"{name}: {100 * curve.area:.1f} %",
        )
    axes.legend(frameon=False, fontsize=FONT_SIZE, loc="lower right")
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.set_aspect("equal")
    for axis, name in ((axes.xaxis, "empty images kept, %"), (axes.yaxis, "others kept, %")):
        axis.set_ticks(TICKS)
        axis.set_label_text(name, fontsize=FONT_SIZE)
    style(axes)
    return to_svg(figure, f"{title}: the values are in the table below")
