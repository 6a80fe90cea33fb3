/** SIP over TLS: a certificate in files, and the settings that name them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_CERT, TEST_KEY } from '../../sip/transport/test-certificate';
import { freePorts } from './ports';

export interface TlsSettings {
  /** For `startTandem`. */
  readonly env: Record<string, string>;
  /** `host:port`, for phones */
  readonly server: string;
  /** PEM file; self-signed, for localhost and 127.0.0.1 */
  readonly certificate: string;
  remove(): void;
}

export async function tlsSettings(): Promise<TlsSettings> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-tls-'));
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certificate, TEST_CERT);
  writeFileSync(key, TEST_KEY);
  const port = await freePorts(1);
  return {
    env: { SIP_TLS_PORT: String(port), SIP_TLS_CERT: certificate, SIP_TLS_KEY: key },
    server: `127.0.0.1:${port}`,
    certificate,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
