"""Writes the PDF files of the cases that were made for one rule each. Needs nothing but Python 3.

    python3 tests/golden/make.py [CASE...]
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent


class Pdf:
    """A PDF file in the making. Object 1 is the catalog, 2 the page tree."""

    def __init__(self, catalog=""):
        self.objects = [None, None]
        self.pages = []
        self.catalog = catalog
        self.fonts = {
            "F1": self.font("Times-Roman"),
            "F2": self.font("Times-Bold"),
            "F3": self.font("Times-Italic"),
            "F4": self.font("Courier"),
            "F5": self.add("<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"),
            "F6": self.font("Helvetica-Bold"),
        }

    def font(self, name, encoding="/WinAnsiEncoding"):
        return self.add(f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding {encoding} >>")

    def add(self, body):
        self.objects.append(body.encode("latin-1") if isinstance(body, str) else body)
        return len(self.objects)

    def stream(self, data, extra=""):
        data = data.encode("latin-1") if isinstance(data, str) else data
        return self.add(f"<< /Length {len(data)} {extra} >>\nstream\n".encode() + data + b"\nendstream")

    def page(self, content, extra="", size=(420, 595)):
        fonts = " ".join(f"/{name} {number} 0 R" for name, number in self.fonts.items())
        content = self.stream(content)
        self.pages.append(self.add(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents {content} 0 R "
            f"/Resources << /Font << {fonts} >> >> {extra} >>"))
        return self.pages[-1]

    def write(self, case):
        if SELECTED and case not in SELECTED:
            return
        self.objects[0] = f"<< /Type /Catalog /Pages 2 0 R {self.catalog} >>".encode()
        kids = " ".join(f"{page} 0 R" for page in self.pages)
        self.objects[1] = f"<< /Type /Pages /Kids [{kids}] /Count {len(self.pages)} >>".encode()
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        offsets = []
        for number, body in enumerate(self.objects, 1):
            offsets.append(len(out))
            out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        start = len(out)
        out += f"xref\n0 {len(self.objects) + 1}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{offset:010} 00000 n \n".encode() for offset in offsets)
        out += f"trailer\n<< /Size {len(self.objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
        folder = HERE / case
        folder.mkdir(exist_ok=True)
        (folder / "input.pdf").write_bytes(out)
        (folder / "ORIGIN.md").write_text(
            f"Made for this test by `tests/golden/make.py`, under the project's own licence.\n\n{RULES[case]}\n")


def escaped(text):
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def text(x, y, words, size=11, font="F1", more=""):
    """One line of text from x on the baseline y, in points from the lower left."""
    return f"BT /{font} {size} Tf {more} 1 0 0 1 {x} {y} Tm ({escaped(words)}) Tj ET\n"


def lines(x, y, many, size=11, font="F1", pitch=None):
    return "".join(text(x, y - (pitch or size * 1.25) * row, line, size, font) for row, line in enumerate(many))


def runs(x, y, parts):
    """Runs of (font, size, rise, text) one after the other."""
    out = f"BT 1 0 0 1 {x} {y} Tm "
    for font, size, rise, words in parts:
        out += f"/{font} {size} Tf {rise} Ts ({escaped(words)}) Tj "
    return out + "ET\n"


BODY = [
    "The harbour was built in three stages, of which the second took the",
    "longest, since the stone had to be brought from the other side of the",
    "bay, and the ships that could carry it were few in those years.",
]


def footnotes():
    pdf = Pdf()
    mark = lambda sign: ("F1", 7, 4, sign)
    plain = lambda words: ("F1", 11, 0, words)
    page = lambda title, first, second, notes: (
        text(50, 540, title, 18, "F2")
        + runs(50, 505, first) + runs(50, 491, second)
        + lines(50, 455, BODY) + lines(50, 405, BODY) + lines(50, 355, BODY)
        + "50 120 m 170 120 l 0.5 w S\n" + "".join(
            runs(50, 106 - 11 * row, note) for row, note in enumerate(notes)))
    note = lambda sign, words: [("F1", 6, 3, sign), ("F1", 8.5, 0, words)]
    go_on = lambda words: [("F1", 8.5, 0, words)]
    pdf.page(page(
        "The walls", [plain("The first stage"), mark("1"), plain(" covered an area of 10 km"), mark("2"), plain(", and was soon done.")],
        [plain("The second stage is described elsewhere."), mark("2"), plain(" It was the longest.")],
        [note("1", "See the town's own records, which are kept in the old"), go_on("customs house."),
         note("2", "In the report of the engineers.")]))
    pdf.page(page(
        "The ships", [plain("The third stage"), mark("1"), plain(" was paid for by the owners"), ("F1", 11, 0, "\x86"), plain(" of ships.")],
        [plain("Nothing more is known of it, nor of those who built it.")],
        [note("1", "From 1871 to 1874."), [("F1", 8.5, 0, "\x86 Mostly from other towns.")]]))
    pdf.write("footnotes")


def code():
    pdf = Pdf()
    program = ["def area(sides):", "    if not sides:", "        return 0  # nothing", "", "    total = 1",
               "    for side in sides:", "        total *= side", "    return total"]
    table = ["name      size", "north       12", "south        7"]
    content = text(50, 540, "A program", 18, "F2") + lines(50, 510, BODY)
    for row, line in enumerate(program):
        bare = line.lstrip()
        if bare:
            content += text(70 + 6 * (len(line) - len(bare)), 455 - 12 * row, bare, 10, "F4")
    content += lines(50, 345, ["What it gives is shown in columns, and the name "], 11)
    content += lines(70, 320, table, 10, "F4", 12)
    content += runs(50, 270, [("F1", 11, 0, "A word like "), ("F4", 10, 0, "total"), ("F1", 11, 0, " in the text stays in its line, as it is a part of it.")])
    pdf.page(content)
    pdf.write("code")


def equations():
    pdf = Pdf()
    content = text(50, 540, "Energy", 18, "F2") + lines(50, 510, BODY + ["From this it follows that"])
    content += runs(160, 430, [("F3", 11, 0, "E"), ("F1", 11, 0, " = "), ("F3", 11, 0, "mc"), ("F1", 8, 4, "2"),
                               ("F1", 11, 0, " + "), ("F5", 11, 0, "a"), ("F3", 8, -2, "i"), ("F3", 11, 0, "x"), ("F3", 8, -2, "i")])
    content += text(340, 430, "(1)")
    content += lines(50, 400, ["where the last term is small. For two bodies the ratio is"])
    content += runs(150, 360, [("F3", 11, 0, "q"), ("F1", 11, 0, " = ")])
    content += runs(178, 368, [("F3", 11, 0, "a"), ("F1", 11, 0, " + "), ("F3", 11, 0, "b")])
    content += "175 363 m 212 363 l 0.5 w S\n"
    content += runs(178, 352, [("F3", 11, 0, "c"), ("F1", 11, 0, " - "), ("F3", 11, 0, "d")])
    content += lines(50, 320, ["which is not known from the outset. The other side had no such stone."])
    pdf.page(content)
    pdf.write("equations")


def links():
    pdf = Pdf()
    # In Times at 11 points `The whole report` is 75.8 points wide.
    first = text(50, 540, "Links", 18, "F2") + lines(50, 510, [
        "The whole report is on the net, where everyone can read it at any time.",
        "The next page holds the second part, which was written later than the first.",
        "What a script does is not done here, and its words stay words."])
    annotation = lambda box, target: f"<< /Type /Annot /Subtype /Link /Rect [{box}] /Border [0 0 0] {target} >>"
    uri = lambda address: f"/A << /S /URI /URI ({address}) >>"
    annotations = [
        annotation("50 507 125.8 519", uri("https://example.org/report_1?a=b")),
        annotation("50 493.25 116.3 505.25", "/Dest [1 /Fit]"),
        annotation("50 479.5 130 491.5", uri("javascript:alert\\(1\\)")),
    ]
    pdf.page(first, f"/Annots [{' '.join(annotations)}]")
    pdf.page(text(50, 540, "The second part", 18, "F2") + lines(50, 510, BODY))
    pdf.write("links")


def contents():
    pdf = Pdf()
    entries = [(0, "1 The harbour", "2"), (18, "1.1 Its walls", "2"), (0, "2 The ships", "3"), (0, "Index", "iv")]
    page = text(50, 540, "Contents", 18, "F2")
    for row, (indent, title, number) in enumerate(entries):
        room = 300 - indent - 5.2 * len(title)
        page += text(50 + indent, 505 - 16 * row, title + " " + "." * int(room / 2.75) + " " + number)
    pdf.page(page)
    pdf.page(text(50, 540, "1 The harbour", 18, "F2") + lines(50, 510, BODY)
             + text(50, 450, "1.1 Its walls", 14, "F2") + lines(50, 425, BODY))
    pdf.page(text(50, 540, "2 The ships", 18, "F2") + lines(50, 510, BODY))
    pdf.write("contents")


def ligatures():
    pdf = Pdf()
    pdf.fonts["F7"] = pdf.font("Times-Roman", "<< /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 /fi /fl] >>")
    content = text(50, 540, "Ligatures and hyphens", 18, "F2") + lines(50, 510, [
        "The \x01rst \x02oor of\x01ce was \x02ooded. It was the well-known work of an inter-",
        "national of\x01ce, whose self-made maps were used by inter\xad",
        "national \x02eets and by others, who came from well-known"], 11, "F7")
    content += lines(50, 440, BODY)
    pdf.page(content)
    pdf.write("ligatures-and-hyphens")


def headings():
    pdf = Pdf()
    content = "q " + text(50, 540, "THE HARBOUR", 16, "F2", "6 Tc") + "Q\n"
    content += lines(50, 510, BODY)
    # Bold by drawing twice, a third of a point apart.
    content += text(50, 455, "The walls", 14) + text(50.3, 455, "The walls", 14)
    content += lines(50, 430, BODY)
    content += runs(50, 375, [("F2", 11, 0, "The ships."), ("F1", 11, 0, " They were few, and none of them was new when it came to")])
    content += lines(50, 361, BODY)
    pdf.page(content)
    pdf.write("spaced-and-doubled")


def split_table():
    """Two pages: prose and the start of a table that the page's end cuts, its rest under repeated heads; then a
    program cut by the next page's end. Sections and subsections differ in their typeface alone."""
    pdf = Pdf()
    rule = lambda y, width: f"50 {y} m 370 {y} l {width} w S\n"
    row = lambda y, name, length, year: text(54, y, name) + text(200, y, length) + text(300, y, year)
    head = lambda y: rule(y + 14, 1) + row(y, "Quay", "Length", "Built") + rule(y - 5, 0.5)
    content = text(50, 540, "The quays", 14, "F1") + lines(50, 515, BODY)
    content += text(50, 462, "Their age", 14, "F3") + lines(50, 440, BODY) + lines(50, 390, BODY) + lines(50, 340, BODY)
    content += text(50, 287, "Their length", 14, "F3") + lines(50, 265, BODY)
    content += head(205)
    for at, values in enumerate([("North", "120", "1871"), ("East", "85", "1874"), ("Old quay", "60", "1790"),
                                 ("Fishing quay", "45", "1802"), ("Coal quay", "150", "1880"), ("South", "110", "1890")]):
        content += row(184 - 15 * at, *values)
    pdf.page(content.replace("F1", "F1"))
    content = head(540)
    for at, values in enumerate([("West", "95", "1893"), ("New quay", "240", "1911")]):
        content += row(519 - 15 * at, *values)
    content += rule(498, 1)
    content += text(50, 455, "The ships", 14, "F1") + "".join(lines(50, 430 - 50 * part, BODY) for part in range(5))
    content += lines(60, 170, ["for quay in quays:", "    if quay.built < 1800:", "        old += 1"], 10, "F4", 12)
    content += lines(60, 134, ["    else:", "        young += 1"], 10, "F4", 12)
    pdf.page(content)
    pdf.page(lines(60, 540, ["print(old)", "print(young)"], 10, "F4", 12) + lines(50, 490, BODY))
    pdf.write("over-the-page")


def right_to_left():
    pdf = Pdf()
    letters = "אבגדהוזחטיכלמנסעפצקרשתםןץףך1789()"
    box = pdf.stream("500 0 d0 60 0 380 600 re f")
    blank = pdf.stream("250 0 d0")
    names = " ".join(f"/g{n}" for n in range(len(letters)))
    procs = " ".join(f"/g{n} {box} 0 R" for n in range(len(letters))) + f" /space {blank} 0 R"
    chars = "".join(f"<{n + 65:02x}> <{ord(letter):04x}>\n" for n, letter in enumerate(letters)) + "<20> <0020>\n"
    to_unicode = pdf.stream(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(letters) + 1} beginbfchar\n{chars}endbfchar\nendcmap end end")
    widths = " ".join(["250"] + ["0"] * 32 + ["500"] * len(letters))
    pdf.fonts["F8"] = pdf.add(
        f"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 700] /FontMatrix [0.001 0 0 0.001 0 0] "
        f"/CharProcs << {procs} >> /Encoding << /Type /Encoding /Differences [32 /space 65 {names}] >> "
        f"/FirstChar 32 /LastChar {64 + len(letters)} /Widths [{widths}] /ToUnicode {to_unicode} 0 R /Resources << >> >>")
    code = lambda c: chr(65 + letters.index(c)) if c != " " else " "
    # As it stands on the page: from the left, numbers in their own order, brackets turned round.
    turned = lambda word: word if word.isdigit() else word[::-1].translate(str.maketrans("()", ")("))
    shown = lambda words: " ".join("".join(map(code, turned(word))) for word in reversed(words.split(" ")))
    right = lambda y, words, size: text(370 - 0.5 * size * len(words.replace(" ", "")) - 0.25 * size * words.count(" "), y, shown(words), size, "F8")
    content = right(540, "הנמל", 18)
    for row, words in enumerate(["הנמל נבנה בשלושה שלבים והשני היה הארוך מכולם", "כי האבן הובאה בשנת 1871 מן הצד השני (של המפרץ)"]):
        content += right(505 - 14 * row, words, 11)
    pdf.page(content)
    pdf.write("right-to-left")


def tagged():
    pdf = Pdf("/MarkInfo << /Marked true >> /Lang (en-GB) /StructTreeRoot 7 0 R")
    # Object 7 is made below: the fonts are 3 to 8, so the root needs a number that is free.
    parts, content = [], ""

    def put(kind, drawing):
        nonlocal content
        parts.append(kind)
        content += f"/{kind} << /MCID {len(parts) - 1} >> BDC\n{drawing}EMC\n"
        return len(parts) - 1

    # All in one size: only the tags tell headings and levels. Side by side, and read by the tags' order.
    title = put("H1", text(50, 540, "The harbour of the town"))
    first = put("P", lines(50, 515, BODY))
    sub = put("H2", text(50, 465, "Its walls"))
    items = [put("LBody", text(70, 440 - 14 * n, words)) for n, words in
             enumerate(["of granite, at the north end", "of lime, at the south end"])]
    cells = [[put("TH" if row == 0 else "TD", text(60 + 130 * column, 380 - 16 * row, words))
              for column, words in enumerate(line)] for row, line in
             enumerate([["Wall", "Length"], ["North", "120"], ["South", "85"]])]
    last = put("P", lines(50, 320, BODY[:2]))
    root = len(pdf.objects) + 1
    page = root + 1
    numbers = iter(range(root + 4, root + 100))
    bodies = {}

    def element(kind, parent, kids):
        number = next(numbers)
        made = [kid(number) if callable(kid) else str(kid) for kid in kids]
        bodies[number] = f"<< /Type /StructElem /S /{kind} /P {parent} 0 R /Pg {page} 0 R /K [{' '.join(made)}] >>"
        return f"{number} 0 R"

    nested = lambda kind, *kids: (lambda parent: element(kind, parent, kids))
    top = [
        nested("H1", title), nested("P", first), nested("H2", sub),
        nested("L", *[nested("LI", nested("LBody", item)) for item in items]),
        nested("Table", *[nested("TR", *[nested("TH" if row == 0 else "TD", cell) for cell in line])
                          for row, line in enumerate(cells)]),
        nested("P", last),
    ]
    document = element("Document", root, top)
    assert pdf.add(f"<< /Type /StructTreeRoot /K {document} >>") == root
    fonts = " ".join(f"/{name} {number} 0 R" for name, number in pdf.fonts.items())
    stream = root + 2
    assert pdf.add(
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents {stream} 0 R /StructParents 0 "
        f"/Resources << /Font << {fonts} >> >> >>") == page
    assert pdf.stream(content) == stream
    pdf.add("<< >>")
    for number in sorted(bodies):
        assert pdf.add(bodies[number]) == number
    pdf.pages.append(page)
    pdf.catalog = f"/MarkInfo << /Marked true >> /Lang (en-GB) /StructTreeRoot {root} 0 R"
    pdf.write("tagged")


def vertical():
    """Japanese from top to bottom, in columns from right to left: the opening of Natsume Soseki's `I am a Cat`
    (1905, in the public domain)."""
    pdf = Pdf()
    ranges = "\n".join(f"<{high:02X}00> <{high:02X}FF> <{high:02X}00>" for high in (0x30, *range(0x4E, 0xA0)))
    count = ranges.count("\n") + 1
    unicode = pdf.stream(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Same def\n"
        f"1 begincodespacerange <0000> <FFFF> endcodespacerange\n{count} beginbfrange\n{ranges}\nendbfrange\n"
        "endcmap end end")
    descriptor = pdf.add(
        "<< /Type /FontDescriptor /FontName /Mincho /Flags 4 /FontBBox [0 -120 1000 880] /ItalicAngle 0 "
        "/Ascent 880 /Descent -120 /CapHeight 700 /StemV 80 >>")
    cid = pdf.add(
        "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Mincho /CIDSystemInfo << /Registry (Adobe) "
        f"/Ordering (Identity) /Supplement 0 >> /FontDescriptor {descriptor} 0 R /DW 1000 /DW2 [880 -1000] >>")
    pdf.fonts["F7"] = pdf.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont /Mincho /Encoding /Identity-V /DescendantFonts [{cid} 0 R] "
        f"/ToUnicode {unicode} 0 R >>")

    def column(x, y, words, size=12):
        codes = "".join(f"{ord(letter):04X}" for letter in words)
        return f"BT /F7 {size} Tf 1 0 0 1 {x} {y} Tm <{codes}> Tj ET\n"

    title, paragraphs = "吾輩は猫である", [
        "　吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で"
        "ニャーニャー泣いていた事だけは記憶している。吾輩はここで始めて人間というものを見た。",
        "　しかもあとで聞くとそれは書生という人間中で一番獰悪な種族であったそうだ。この書生というのは時々"
        "我々を捕えて煮て食うという話である。",
    ]
    content, x = column(370, 500, title, 20), 320
    for paragraph in paragraphs:
        for start in range(0, len(paragraph), 24):
            content += column(x, 500, paragraph[start:start + 24])
            x -= 21
    pdf.page(content + text(205, 40, "1", 9))
    pdf.write("vertical-writing")


def nested_lists():
    """Two narrow columns and a second page; one list goes through all three."""
    pdf = Pdf()
    left, right = 40, 225

    def item(x, y, mark, many, indent=14):
        return text(x, y, mark, 10) + lines(x + indent, y, many, 10)

    content = text(left, 550, "What to bring", 18, "F2")
    for y in (522, 467, 412, 357):
        content += lines(left, y, ["The boats leave at six in the morning", "and come back at nightfall, when the", "wind allows it."], 10)
    content += lines(left, 302, ["A party that goes out by boat needs", "a few things more than one on foot:"], 10)
    content += item(left, 270, "1.", ["Water, two litres for each of the", "party and each day."])
    content += lines(left + 14, 236, ["Springs on the islands are dry from", "June on."], 10)
    content += item(left, 202, "2.", ["Food that keeps:"])
    content += item(left + 14, 188, "a)", ["bread, and of it"])
    content += item(left + 28, 174, "\x95", ["the dark kind"], 10)
    content += item(left + 28, 160, "\x95", ["that of the islands, which is", "baked twice"], 10)
    content += item(left + 14, 133, "b)", ["cheese"])
    content += item(left + 14, 119, "c)", ["fruit, though not of the soft"])
    content += lines(right + 28, 522, ["kinds, which do not travel."], 10)
    content += item(right, 508, "3.", ["A map."])
    content += item(right, 494, "4.", ["Clothes against the wind, the", "rain and the sun."])
    for y in (460, 405, 350, 295, 240, 185):
        content += lines(right, y, ["Whoever misses the last one stays on", "the island for the night, in a house by", "the quay."], 10)
    content += item(right, 119, "(i)", ["The house has twelve beds."], 18)
    pdf.page(content)
    content = item(left, 550, "(ii)", ["The keys are with the keeper of the light."], 18)
    content += item(left, 534, "(iii)", ["Wood is to be paid for."], 18)
    content += lines(left, 505, BODY)
    pdf.page(content)
    pdf.write("nested-lists")


def side_by_side():
    """Headings at one height in both columns, a sentence that goes on past a figure, and one over the page."""
    pdf = Pdf()
    left, right, pitch = 40, 222, 12.5
    words = ["The light was first lit in the autumn", "of 1871, and has been out on three", "nights since, of which two were in the", "great storm and one is not explained."]
    content = text(70, 555, "The light and its keepers", 20, "F2")
    content += lines(40, 525, ["Of the men and women who kept it little is written down, and what there is", "stands in the books of the harbour."], 10)
    content += text(left, 485, "The tower", 13, "F2") + text(right, 485, "The keepers", 13, "F2")
    y = 465
    for _ in range(2):
        content += lines(left, y, words, 10)
        y -= 4 * pitch + 6
    content += lines(left, y, ["Its stones were cut on the mainland and"], 10)
    # A figure with its caption in the middle of the sentence.
    content += "0.8 0.85 0.9 rg 40 220 160 110 re f 0.3 0.3 0.4 rg 110 230 20 80 re f 100 310 40 8 re f 0 g\n"
    content += text(left, 205, "Figure 1. The tower from the sea.", 8.5)
    content += lines(left, 180, ["brought over by boat, one at a time, as", "there was no crane on the rock."], 10)
    content += lines(left, 150, words, 10)
    y = 465
    content += lines(right, y, ["They were chosen by the harbour board."], 10)
    y -= pitch + 6
    for _ in range(6):
        content += lines(right, y, words, 10)
        y -= 4 * pitch + 6
    content += lines(right, 95, ["Nobody lives there now, but for two"], 10)
    pdf.page(content)
    pdf.page(lines(40, 550, ["weeks in summer, when the painters come. The rest of the year it runs on", "its own."], 10)
             + lines(40, 515, BODY))
    pdf.write("side-by-side")


def capitals():
    """A drop cap of three lines, small capitals made of a smaller size, and bullets from two symbol fonts."""
    pdf = Pdf()
    pdf.fonts["F7"] = pdf.add("<< /Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats >>")
    content = text(50, 540, "The storm", 18, "F2")
    content += text(50, 482, "I", 44, "F1")
    content += lines(70, 507, ["n the year of the great storm the sea came over the walls", "and stood in the streets for a week; boats were moored to", "the church, and the town was supplied from the hills by"], 11, pitch=12.5)
    content += lines(50, 469.5, ["those who had mules. It is told to this day."], 11)
    small = lambda words: [part for word in words.split(" ") for part in (("F1", 11, 0, word[0]), ("F1", 8, 0, word[1:].upper() + " "))]
    content += runs(50, 440, small("The Harbour Board") + [("F1", 11, 0, "met on the next day and had this to say about it:")])
    for row, words in enumerate(["the walls are to be raised by a metre", "the boats are to be counted", "the mules are to be paid for"]):
        content += text(60, 415 - 15 * row, "\xb7", 11, "F5") + text(75, 415 - 15 * row, words)
    for row, words in enumerate(["no house is to stand lower than the quay", "no boat is to be moored to the church"]):
        content += text(60, 360 - 15 * row, "n", 8, "F7") + text(75, 360 - 15 * row, words)
    content += lines(50, 315, BODY)
    pdf.page(content)
    pdf.write("capitals-and-bullets")


def boxed():
    """A shaded box with a heading of its own between paragraphs, over one of two columns."""
    pdf = Pdf()
    content = text(50, 540, "The fishery", 18, "F2") + lines(50, 510, BODY)
    content += "0.9 g 50 370 320 85 re f 0 g 0.5 w 50 370 320 85 re S\n"
    content += text(60, 438, "In short", 12, "F6")
    content += lines(60, 420, ["Forty boats went out in 1880, and six of them are still there.", "What they bring home is sold on the quay before noon."], 10)
    content += lines(50, 345, BODY) + lines(50, 295, BODY)
    pdf.page(content)
    pdf.write("box")


def shaded():
    """Two tables on one page with nothing but shades behind every other row, each with its caption."""
    pdf = Pdf()

    def table(y, caption, head, rows, places):
        out = text(50, y, caption, 9.5, "F2")
        y -= 20
        out += f"0.2 0.3 0.5 rg 50 {y - 5} 320 16 re f 1 g\n" + "".join(text(x, y, cell, 10, "F2") for x, cell in zip(places, head)) + "0 g\n"
        for number, cells in enumerate(rows, 1):
            y -= 16
            if number % 2 == 0:
                out += f"0.92 g 50 {y - 5} 320 16 re f 0 g\n"
            out += "".join(text(x, y, cell, 10) for x, cell in zip(places, cells))
        return out

    content = text(50, 550, "The catch", 18, "F2") + lines(50, 522, BODY)
    content += table(470, "Table 1. Boats and their catch, in tonnes.", ["Boat", "1880", "1890", "1900"],
                     [["Agnes", "12.4", "9.1", "7.75"], ["Good Hope", "8.0", "11.35", "12"], ["Two Sisters", "", "6.5", "10.25"], ["Maria", "3.1", "", "0.5"]],
                     [56, 170, 240, 310])
    content += lines(50, 350, BODY)
    content += table(300, "Table 2. What the boats were sold for.", ["Boat", "Buyer", "Crowns"],
                     [["Agnes", "the harbour", "1,200"], ["Two Sisters", "her own crew", "950"], ["Maria", "not known", "80"]],
                     [56, 170, 310])
    content += lines(50, 190, BODY)
    pdf.page(content)
    pdf.write("shaded-rows")


def turned():
    """A table that stands on its side on an upright page, then one on a page that is turned as a whole."""
    pdf = Pdf()
    rows = [["Quay", "Length (m)", "Depth (m)", "Built"], ["North", "120", "6.5", "1871"], ["East", "85", "4.0", "1874"], ["Fishing quay", "45", "2.5", "1802"]]

    def table(top):
        out = f"1 w 60 {top + 15} m 520 {top + 15} l S 0.5 w 60 {top - 6} m 520 {top - 6} l S\n"
        for number, cells in enumerate(rows):
            out += "".join(text(x, top - 18 * number, cell, 11) for x, cell in zip([64, 220, 330, 440], cells))
        return out + f"1 w 60 {top - 62} m 520 {top - 62} l S\n"

    turn = "q 0 1 -1 0 420 0 cm\n"
    pdf.page(text(50, 550, "The quays", 18, "F2") + lines(50, 520, BODY))
    pdf.page(turn + text(60, 300, "Table 1. Quays of the old harbour.", 10, "F2") + table(270) + "Q\n")
    pdf.page(turn + text(60, 300, "Table 2. The same quays on a page that is turned.", 10, "F2") + table(270) + "Q\n", "/Rotate 90")
    pdf.page(lines(50, 540, BODY))
    pdf.write("turned-tables")


def no_tables():
    """Aligned text that is no table: an address beside a date, signatures, a form's lines, verse."""
    pdf = Pdf()
    content = lines(50, 550, ["The Harbour Board", "4 Quay Street", "Northhaven"], 10.5)
    content += lines(280, 550, ["12 October 1871", "Our sign: HB 14", "Your sign: none"], 10.5)
    content += text(50, 480, "To the keepers of the light", 14, "F2")
    content += lines(50, 455, BODY)
    content += lines(90, 400, ["The sea is wide, the night is long,", "    the lamp is burning low,", "and those who hear the keeper's song", "    are those who have to go."], 10.5, "F3")
    content += lines(50, 330, BODY)
    content += "0.5 w 50 240 m 180 240 l S 240 240 m 370 240 l S\n"
    content += lines(50, 228, ["A. Hansen", "Master of the harbour"], 10) + lines(240, 228, ["J. Berg", "Clerk"], 10)
    pdf.page(content)
    pdf.write("aligned-text")


def composite():
    """A raster picture with an axis, ticks and labels drawn over it, and a drawing beside it: one figure, whose labels
    are not text of the page."""
    pdf = Pdf()
    pixels = bytes((x * 5 + y * 3) % 256 for y in range(32) for x in range(48))
    image = pdf.stream(pixels, "/Type /XObject /Subtype /Image /Width 48 /Height 32 /ColorSpace /DeviceGray /BitsPerComponent 8")
    content = text(50, 550, "Depths", 18, "F2") + lines(50, 522, BODY)
    content += "q 150 0 0 100 80 350 cm /I1 Do Q\n0.7 w 80 350 m 230 350 l 80 350 m 80 450 l S\n"
    for at in range(4):
        content += f"{80 + 50 * at} 350 m {80 + 50 * at} 346 l S\n" + text(77 + 50 * at, 337, str(at), 8)
        content += text(62, 348 + 30 * at, str(10 * at), 8)
    content += text(130, 326, "Distance (km)", 8)
    for at, height in enumerate((30, 55, 80, 40)):
        content += f"0.3 0.5 0.7 rg {260 + 25 * at} 350 18 {height} re f 0 g\n" + text(262 + 25 * at, 340, "NESW"[at], 8)
    content += "0.7 w 255 350 m 360 350 l S\n" + text(280, 326, "Direction", 8)
    content += lines(80, 305, ["Figure 2: Depth of the bay by distance (left) and by", "direction (right)."], 9)
    content += lines(50, 265, BODY) + lines(50, 215, BODY)
    pdf.page(content)
    pdf.pages.pop()
    pdf.objects.pop()
    fonts = " ".join(f"/{name} {number} 0 R" for name, number in pdf.fonts.items())
    pdf.pages.append(pdf.add(
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents {len(pdf.objects)} 0 R "
        f"/Resources << /Font << {fonts} >> /XObject << /I1 {image} 0 R >> >> >>"))
    pdf.write("composite-figure")


def hidden():
    """Text that nobody sees: clipped away, off the page, behind a picture of paper; and an invisible layer that says
    what a picture shows, which is what one reads there."""
    pdf = Pdf()
    content = text(50, 540, "What is seen", 18, "F2") + lines(50, 510, BODY)
    content += "q 50 400 100 12 re W n " + text(50, 300, "This was clipped away.") + "Q\n"
    content += text(500, 420, "This is off the page.") + text(50, -40, "So is this.")
    content += text(50, 360, "This is covered by a white sheet.") + "1 g 40 340 330 40 re f 0 g\n"
    content += lines(50, 300, BODY)
    pdf.page(content)
    pdf.write("hidden-text")


def text_layer():
    """A scanned page (here grey lines in an image) with its words in an invisible layer."""
    pdf = Pdf()
    rows = list(zip(range(540, 440, -14), [
        "The harbour was built in three stages, of which the second took", "the longest, since the stone had to be brought from the other",
        "side of the bay, and the ships that could carry it were few in", "those years."]))
    pixels = bytearray(b"\xff" * (210 * 298))
    for y, words in rows:
        for line in range((595 - y - 8) // 2, (595 - y) // 2):
            width = 5 * len(words) // 2
            pixels[210 * line + 25:210 * line + 25 + width] = b"\x60" * width
    image = pdf.stream(bytes(pixels), "/Type /XObject /Subtype /Image /Width 210 /Height 298 /ColorSpace /DeviceGray /BitsPerComponent 8")
    content = "q 420 0 0 596 0 0 cm /I1 Do Q\n" + "".join(text(50, y, words, 11, "F1", "3 Tr") for y, words in rows)
    number = pdf.stream(content)
    fonts = " ".join(f"/{name} {number} 0 R" for name, number in pdf.fonts.items())
    pdf.pages.append(pdf.add(
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] /Contents {number} 0 R "
        f"/Resources << /Font << {fonts} >> /XObject << /I1 {image} 0 R >> >> >>"))
    pdf.write("text-layer")


def garbage():
    """A page whose font names no characters, between two that do."""
    pdf = Pdf()
    names = " ".join(f"/g{n}" for n in range(33, 127))
    box = pdf.stream("500 0 d0 60 0 380 600 re f")
    procs = " ".join(f"/g{n} {box} 0 R" for n in range(33, 127))
    pdf.fonts["F8"] = pdf.add(
        f"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 500 700] /FontMatrix [0.001 0 0 0.001 0 0] /CharProcs << {procs} >> "
        f"/Encoding << /Type /Encoding /Differences [33 {names}] >> /FirstChar 32 /LastChar 126 "
        f"/Widths [{' '.join(['250'] + ['500'] * 94)}] /Resources << >> >>")
    pdf.page(text(50, 540, "The harbour", 18, "F2") + lines(50, 510, BODY))
    pdf.page("".join(lines(50, 540 - 50 * n, BODY, 9, "F8") for n in range(6)))
    pdf.page(lines(50, 540, BODY))
    pdf.write("no-characters")


def running_heads():
    """Heads with the chapter's name and feet with numbers, which go; a line at the top that is said once, and stays."""
    pdf = Pdf()
    for number, (chapter, first) in enumerate([("The walls", True), ("The walls", False), ("The ships", True), ("The ships", False)], 1):
        content = text(50, 572, "A history of the harbour", 8.5, "F3") + text(330, 572, chapter, 8.5, "F3")
        content += text(200, 25, f"- {number} -", 8.5)
        if first:
            content += text(50, 540, chapter, 18, "F2")
        for part in range(6):
            content += lines(50, 505 - 55 * part, BODY)
        if number == 4:
            content += text(50, 45, "Printed by the harbour's own press.", 8.5)
        pdf.page(content)
    pdf.write("running-heads")


RULES = {
    "nested-lists": "Lists within lists, numbered in four ways, an item of two paragraphs, one that goes on in the next column and a\nlist that goes on over the page.",
    "side-by-side": "Two columns below a title: headings at one height, a sentence that goes on past a figure, and\none over the page.",
    "capitals-and-bullets": "A drop cap belongs to its word, small capitals are one word, and marks of symbol fonts are bullets.",
    "box": "A shaded box between paragraphs is read in its place, with its own heading.",
    "shaded-rows": "Two tables on a page, told by shades and alignment alone, with empty cells and decimals; captions attached.",
    "turned-tables": "A table on its side on an upright page, and on a page that is turned.",
    "aligned-text": "Addresses, verse and signatures are aligned and no table.",
    "composite-figure": "A raster picture with axes over it and a drawing beside it are one figure with its caption; the labels are no text of\nthe page.",
    "hidden-text": "Text that is clipped away, off the page or covered is not read.",
    "text-layer": "A scan with an invisible layer of words: the words are read, and the scan is no figure.",
    "no-characters": "A page whose font names no characters is told, and its noise is not taken for text.",
    "running-heads": "Heads and feet that repeat go, what is said once stays.",
    "vertical-writing": "Japanese set vertically: columns from right to left, paragraphs over several columns, no spaces between\nglyphs, a heading in larger type.",
    "footnotes": "Footnotes with marks that start anew on each page and a symbol: numbered without clash; `km²` is no\nmark, a mark that is used twice leads to one note.",
    "code": "Program text and a typed table in a monospaced font: fenced, with indentation, inner gaps and the blank line; a\nmonospaced word in a sentence stays in it.",
    "equations": "A display equation on one line becomes LaTeX with its number; a fraction is not guessed at and becomes a\npicture with its text. Neither joins the paragraphs around it.",
    "links": "A link to the net, one to a page, and one with a script: only the first two lead anywhere.",
    "contents": "A table of contents with leaders: a nested list of links to the headings.",
    "ligatures-and-hyphens": "Ligatures are letters; a hyphen at a line's end goes where the document knows the joined word, a soft\none always, and those within words stay.",
    "spaced-and-doubled": "A heading with its letters set apart, one drawn twice to look bold, and a bold run-in that is no\nheading.",
    "over-the-page": "A table cut by the page's end, its heads repeated on the next page, and a program cut likewise: each is one.\nHeadings of one size in two typefaces: the one that comes first ranks higher.",
    "right-to-left": "Hebrew, drawn from left to right: read from the right, with a number and brackets.",
    "tagged": "All in one type size: levels, list and table are known by the structure tree alone.",
}
SELECTED = sys.argv[1:]
for make in [footnotes, code, equations, links, contents, ligatures, headings, split_table, right_to_left, tagged, vertical, nested_lists,
             side_by_side, capitals, boxed, shaded, turned, no_tables, composite, hidden, text_layer, garbage, running_heads]:
    make()
