/** The web page of an attacker; what it does is in attack.js. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SCRIPT = readFileSync(join(__dirname, 'attack.js'), 'utf8');

export interface Targets {
  /** Origins as the page writes them. */
  tandem: string;
  platform: string;
  userPath: string;
}

/** What each attack does if it gets through, and where it arrives. */
export const ATTACKS = {
  'fetch-text': 'tandem',
  'fetch-json': 'tandem',
  'fetch-event': 'tandem',
  'fetch-delete': 'tandem',
  'beacon-call': 'tandem',
  'beacon-event': 'tandem',
  'form-call': 'tandem',
  'form-event': 'tandem',
  'image-event': 'tandem',
  'frame-event': 'tandem',
  'sandbox-fetch': 'platform',
  'sandbox-beacon': 'platform',
  'sandbox-form': 'platform',
  'v1-fetch': 'platform',
  'v1-order': 'platform',
  websocket: 'platform',
  // Leaves the page, so the test asks for it when the others are over.
  'sandbox-top-form': 'platform',
} as const;
export type Attack = keyof typeof ATTACKS;

export function attackPage(targets: Targets): string {
  return `<!doctype html><title>cat pictures</title><body><script>${SCRIPT};attack(${JSON.stringify(targets)})</script>`;
}
