// A self-signed certificate made on the spot, so that the stand-in for the hub speaks TLS under the hub's
// own names and no key lies in the repository. X.509 v3 in DER (RFC 5280), just enough of it.

import { createHash, generateKeyPairSync, sign } from "node:crypto";

const tag = (id, ...parts) => {
  const body = Buffer.concat(parts);
  const length = [];
  for (let rest = body.length; rest > 0; rest >>= 8) length.unshift(rest & 255);
  const head = body.length < 128 ? [body.length] : [128 | length.length, ...length];
  return Buffer.concat([Buffer.from([id, ...head]), body]);
};
const sequence = (...parts) => tag(0x30, ...parts);
const oid = (hex) => tag(0x06, Buffer.from(hex, "hex"));
const time = (date) =>
  tag(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`, "ascii"));
const ECDSA_SHA256 = sequence(oid("2a8648ce3d040302"));

/** `{key, cert}` in PEM for the host names given, valid for a day. */
export function selfSigned(names) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const publicDer = publicKey.export({ type: "spki", format: "der" });
  const name = sequence(tag(0x31, sequence(oid("550403"), tag(0x0c, Buffer.from("recto tests")))));
  const hosts = sequence(...names.map((host) => tag(0x82, Buffer.from(host, "ascii"))));
  const now = Date.now();
  const day = 86_400_000;
  const body = sequence(
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    tag(0x02, Buffer.concat([Buffer.from([1]), createHash("sha256").update(publicDer).digest().subarray(0, 8)])),
    ECDSA_SHA256,
    name,
    sequence(time(new Date(now - day)), time(new Date(now + day))),
    name,
    publicDer,
    tag(0xa3, sequence(sequence(oid("551d11"), tag(0x04, hosts)))),
  );
  const signature = sign("sha256", body, privateKey);
  const der = sequence(body, ECDSA_SHA256, tag(0x03, Buffer.from([0]), signature));
  const lines = der.toString("base64").match(/.{1,64}/g).join("\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}
