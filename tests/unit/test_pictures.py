import xml.etree.ElementTree as ET

from matplotlib.axes import Axes

from cetux import pictures

HOSTILE = "<script>alert(1)</script> $x^2$ &"


def draw(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=pictures.BLUE)
    axes.set_title(HOSTILE)


def test_letters_follow_the_page_and_data_keep_their_colours() -> None:
    svg = pictures.inline_svg(draw, 3.0, 2.0)
    assert "currentColor" in svg
    assert pictures.INK not in svg
    assert pictures.BLUE in svg
    assert not svg.startswith("<?xml")


def test_text_is_escaped_and_is_no_formula() -> None:
    svg = pictures.inline_svg(draw, 3.0, 2.0)
    assert "<script" not in svg
    assert any(HOSTILE in (element.text or "") for element in ET.fromstring(svg).iter())


def test_the_same_data_give_the_same_bytes() -> None:
    assert pictures.inline_svg(draw, 3.0, 2.0) == pictures.inline_svg(draw, 3.0, 2.0)


def test_a_file_of_its_own_is_dark_on_white() -> None:
    svg = pictures.standalone(pictures.inline_svg(draw, 3.0, 2.0))
    assert "currentColor" not in svg
    assert "#ffffff" in svg
    assert ET.fromstring(svg.encode()).tag.endswith("svg")


def test_several_axes_share_nothing() -> None:
    def twice(every: list[Axes]) -> None:
        for number, axes in enumerate(every):
            axes.set_title(f"axes {number}")

    svg = pictures.inline_svgs(twice, 3.0, 4.0, rows=2)
    assert "axes 0" in svg
    assert "axes 1" in svg


def test_no_tick_of_a_logarithmic_axis_is_a_formula() -> None:
    """Over less than a decade matplotlib labels minor ticks too."""

    def logarithmic(axes: Axes) -> None:
        axes.plot([1, 2], [150, 650])
        axes.set_yscale("log")
        pictures.plain_ticks(axes.yaxis)

    svg = pictures.inline_svg(logarithmic, 3.0, 2.0)
    assert "mathdefault" not in svg
    assert ">200<" in svg
    assert ">500<" in svg
