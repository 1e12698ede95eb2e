import { createSign, generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dayMs = 24 * 60 * 60 * 1_000;

/**
 * Makes a certificate for 127.0.0.1 and the given host names that signs itself; returns where it
 * and its key are.
 */
export function makeCertificate(
  folder: string,
  hosts: readonly string[] = [],
): { cert: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
  const name = sequence(
    der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from('parley tests')))),
  );
  const address = der(0x87, Buffer.from([127, 0, 0, 1]));
  const names = hosts.map((host) => der(0x82, Buffer.from(host)));
  const alternativeName = sequence(objectId('551d11'), der(0x04, sequence(address, ...names)));
  const authority = sequence(
    objectId('551d13'),
    der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
  );
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    sequence(time(Date.now() - dayMs), time(Date.now() + dayMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(alternativeName, authority)),
  );
  const signature = createSign('sha256').update(content).sign(privateKey);
  const certificate = sequence(
    content,
    ecdsaWithSha256,
    der(0x03, Buffer.concat([Buffer.from([0]), signature])),
  );
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  const pem = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''];
  writeFileSync(files.cert, pem.join('\n'));
  writeFileSync(files.key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return files;
}

/** A value as X.509 writes it: tag, length, content. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

/** As YYMMDDHHMMSSZ. */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replaceAll(/[-T:]|\..*/g, '');
  return der(0x17, Buffer.from(`${digits.slice(2)}Z`));
}
