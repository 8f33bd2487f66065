// Reads the list of a zip file (its central directory).

/** The names in a zip. */
export function zipNames(data) {
  const end = data.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  if (end < 0) throw new Error("this is no zip");
  const count = data.readUInt16LE(end + 10);
  let at = data.readUInt32LE(end + 16);
  return Array.from({ length: count }, () => {
    const [name, extra, comment] = [28, 30, 32].map((offset) => data.readUInt16LE(at + offset));
    const text = data.subarray(at + 46, at + 46 + name).toString("utf8");
    at += 46 + name + extra + comment;
    return text;
  });
}
