// PDFs made on the spot.

/**
 * A PDF of `pages`; a page is `{lines, links}`: `lines` are texts, from the top, each with an optional size
 * (`{text, size}`) and, with a number as `picture`, a picture above it, another for each number (with `grain`, one that no
 * packing makes smaller: 225 KiB); `links` are addresses, one link annotation each. `script` runs when the file is opened, in a reader that lets it.
 */
export function makePdf(pages, { title, script } = {}) {
  const objects = [];
  const add = (body) => objects.push(body);
  const text = (string) => `(${string.replace(/[\\()]/g, "\\$&")})`;
  // 1 catalog, 2 page tree, 3 and 4 fonts, 5 information; the rest follows.
  add("");
  add("");
  add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
  add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>");
  add(title ? `<< /Title ${text(title)} >>` : "<< >>");
  const kids = pages.map(({ lines, links = [] }) => {
    let y = 780;
    const images = [];
    const drawn = lines.map((line) => {
      const { text: string, size = 11, picture, grain } = typeof line === "string" ? { text: line } : line;
      let image = "";
      if (picture) {
        add(picturePixels(picture, grain));
        images.push(`/I${picture} ${objects.length} 0 R`);
        y -= 260;
        image = `q 320 0 0 240 140 ${y.toFixed(1)} cm /I${picture} Do Q\n`;
      }
      y -= size * 1.5;
      return `${image}BT /F${size > 13 ? 2 : 1} ${size} Tf 60 ${y.toFixed(1)} Td ${text(string)} Tj ET`;
    });
    const stream = drawn.join("\n");
    const annotations = links.map((address, index) => {
      const top = 780 - 17 * index;
      add(
        `<< /Type /Annot /Subtype /Link /Rect [60 ${top - 16} 540 ${top}] /Border [0 0 0] ` +
          `/A << /S /URI /URI ${text(address)} >> >>`,
      );
      return `${objects.length} 0 R`;
    });
    add(`<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`);
    const content = objects.length;
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${content} 0 R ` +
        `/Resources << /Font << /F1 3 0 R /F2 4 0 R >> /XObject << ${images.join(" ")} >> >> /Annots [${annotations.join(" ")}] >>`,
    );
    return `${objects.length} 0 R`;
  });
  const action = script ? `/OpenAction << /S /JavaScript /JS ${text(script)} >>` : "";
  objects[0] = `<< /Type /Catalog /Pages 2 0 R ${action} >>`;
  objects[1] = `<< /Type /Pages /Count ${kids.length} /Kids [${kids.join(" ")}] >>`;
  return writePdf(objects, "/Info 5 0 R");
}

/** A file of `objects`, numbered from 1, whose first is the catalog; `trailer` entries are added to the trailer. */
function writePdf(objects, trailer = "") {
  let file = "%PDF-1.7\n";
  const offsets = objects.map((body, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${body}\nendobj\n`;
    return offset;
  });
  const xref = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  file += offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R ${trailer} >>\nstartxref\n${xref}\n%%EOF\n`;
  return Buffer.from(file, "latin1");
}

/** An image of 320 x 240 pixels in colour: a disc and bars on a slope, elsewhere for each `number`, with noise over all. */
function picturePixels(number, grain = false) {
  const [width, height] = [320, 240];
  const pixels = Buffer.alloc(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const disc = (x - 40 * number) ** 2 + (y - 120) ** 2 < 2500;
      const bar = x % 40 < 20 && y > height - ((x * number) % 97);
      const colour = disc ? [200, 40, 25 * number] : bar ? [20, 90, 160] : [255 - (x >> 2), 250, 255 - (y >> 2)];
      pixels.set(colour, 3 * (y * width + x));
    }
  }
  let noise = number;
  for (let at = 0; grain && at < pixels.length; at++) {
    noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) | 0;
    pixels[at] ^= noise >>> 25;
  }
  const hex = pixels.toString("hex") + ">";
  return (
    `<< /Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /DeviceRGB ` +
    `/BitsPerComponent 8 /Filter /ASCIIHexDecode /Length ${hex.length} >>\nstream\n${hex}\nendstream`
  );
}

const WORDS = "ice melts slowly under snow while rivers carry sand and stones to the wide grey sea".split(" ");

/** A PDF of `count` pages of running text, different on each, with a heading somewhere in the middle. */
export function longPdf(count, { lines = 40 } = {}) {
  return makePdf(
    Array.from({ length: count }, (_, page) => {
      const text = Array.from({ length: lines }, (_, line) =>
        Array.from({ length: 12 }, (_, word) => WORDS[(page * 7 + line * 5 + word * (1 + (page % 3))) % WORDS.length])
          .join(" "),
      );
      // Never at the top, where it would be a running header.
      text.splice(5 + (page % 7), 0, { text: `Chapter ${page + 1}`, size: 18 });
      return { lines: text };
    }),
    { title: "A long book" },
  );
}

/**
 * What makes a file of about `megabytes` MB of the PDF `data`: the same pages, and behind them a stream that nothing
 * refers to. Between `head` and `tail` comes `padding`, a megabyte, so many `times`: the whole needs never be there.
 */
export function padded(data, megabytes) {
  const times = megabytes;
  const padding = Buffer.alloc(1_000_000, "recto ");
  const old = data.toString("latin1");
  const [, size] = /\/Size (\d+)/.exec(old);
  const [, startxref] = /startxref\n(\d+)\n/.exec(old);
  const head = Buffer.concat([
    data,
    Buffer.from(`${size} 0 obj\n<< /Length ${times * padding.length} >>\nstream\n`, "latin1"),
  ]);
  const xref = head.length + times * padding.length + "\nendstream\nendobj\n".length;
  const tail = Buffer.from(
    `\nendstream\nendobj\nxref\n${size} 1\n${String(data.length).padStart(10, "0")} 00000 n \n` +
      `trailer\n<< /Size ${Number(size) + 1} /Root 1 0 R /Info 5 0 R /Prev ${startxref} >>\nstartxref\n${xref}\n%%EOF\n`,
    "latin1",
  );
  return { head, padding, times, tail };
}

/**
 * A PDF of four pages: the second draws forms in forms without end, the third's content cannot be decoded, the others
 * are whole.
 */
export function brokenPdf() {
  const objects = [];
  const add = (body) => objects.push(body);
  const stream = (dict, data) => add(`<< /Length ${data.length} ${dict} >>\nstream\n${data}\nendstream`);
  const resources = (form) =>
    `/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> /XObject << /X ${form} 0 R >> >>`;
  add("<< /Type /Catalog /Pages 2 0 R >>");
  add("<< /Type /Pages /Count 4 /Kids [3 0 R 4 0 R 5 0 R 6 0 R] /MediaBox [0 0 612 792] >>");
  for (let page = 0; page < 4; page++) {
    add(`<< /Type /Page /Parent 2 0 R /Contents ${7 + page} 0 R ${resources(11)} >>`);
  }
  const text = (words) => `BT /F1 12 Tf 60 700 Td (${words}) Tj ET`;
  stream("", text("The first page is whole and says so."));
  stream("", "/X Do");
  stream("/Filter /FlateDecode", "\x9c\x02\xff\x11\x80\x55".repeat(40));
  stream("", text("The fourth page is whole and says so."));
  for (let depth = 0; depth < 8; depth++) {
    const inner = depth < 7 ? "/X Do ".repeat(100) : text("x");
    stream(`/Type /XObject /Subtype /Form /BBox [0 0 612 792] ${resources(12 + depth)}`, inner);
  }
  return writePdf(objects);
}
