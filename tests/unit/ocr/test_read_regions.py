import numpy as np
from PIL import Image, ImageDraw

from ocr.ink import ink_of, seals, strokes
from ocr.regions import coloured, drawn
from records.geometry import Box


def test_red_is_a_seal_and_blue_a_pen() -> None:
    sheet = Image.new("RGB", (1654, 2339), (244, 238, 214))
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((900, 1600, 1180, 1880), outline=(200, 40, 50), width=8)
    pen.line([(1150, 1700), (1250, 1600), (1350, 1750), (1500, 1620)], fill=(40, 50, 170), width=6)
    pen.rectangle((200, 300, 1400, 330), fill=(30, 30, 30))
    found = {region.kind: region.box for region in coloured(np.asarray(sheet))}
    assert set(found) == {"seal", "handwriting"}
    assert found["seal"].overlap(Box(900, 1600, 1181, 1881)) > 0.8
    assert found["handwriting"].overlap(Box(1147, 1597, 1503, 1753)) > 0.7


def test_yellow_paper_black_ink_and_specks_are_no_region() -> None:
    sheet = Image.new("RGB", (1654, 2339), (225, 205, 160))
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((200, 300, 1400, 330), fill=(40, 30, 25))
    pen.ellipse((700, 700, 712, 712), fill=(220, 20, 20))
    assert coloured(np.asarray(sheet)) == []


def test_a_gray_ring_is_a_seal_and_a_long_stroke_a_pen() -> None:
    sheet = Image.new("L", (1800, 1200), 250)
    pen = ImageDraw.Draw(sheet)
    pen.ellipse((300, 400, 640, 740), outline=90, width=7)
    pen.line([(1000, 500), (1080, 420), (1150, 560), (1260, 430), (1350, 520)], fill=60, width=6)
    pen.rectangle((100, 100, 1700, 104), fill=20)
    ink = ink_of(np.asarray(sheet), 30.0)
    large = strokes(ink)
    regions = drawn(ink, large, seals(ink, large))
    assert [region.kind for region in regions] == ["seal", "handwriting"]
    assert regions[0].box.overlap(Box(300, 400, 641, 741)) > 0.8
    assert regions[1].box.overlap(Box(997, 417, 1353, 563)) > 0.8


def test_noise_has_no_seal_and_takes_no_time_to_say_so() -> None:
    noise = np.random.default_rng(5).integers(0, 256, (1500, 1100), dtype=np.uint8)
    ink = ink_of(noise, 30.0)
    large = strokes(ink)
    assert seals(ink, large) == [] and len(large.blobs) <= 200
