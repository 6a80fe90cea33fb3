/** docs/grafana.json, docs/alerts.yml and docs/metrics.md name metrics that exist, and docs/metrics.md names all. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMemoryStore } from '../../src/store/memory-store';
import { createMetrics } from '../../src/engine/metrics';
import { createPlatformMetrics } from '../../src/platform/platform-metrics';

const docs = (name: string) => readFileSync(join(__dirname, '../../docs', name), 'utf8');

/** name → kind, as in the exposition. */
async function exposed(): Promise<Map<string, string>> {
  const platform = createPlatformMetrics();
  platform.watch({
    calls: () => new Map(),
    registrations: () => 0,
    rtpPorts: () => ({ used: 0, free: 1 }),
    internalErrors: () => 0,
  });
  const text = `${await createMetrics(createMemoryStore()).render()}\n${await platform.render()}`;
  return new Map([...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', kind = '']) => [name, kind]));
}

const namesIn = (text: string): string[] => [
  ...new Set(text.match(/\b(?:tandem|process|nodejs)_[a-z0-9_]*[a-z0-9]\b/g) ?? []),
];

it.each(['grafana.json', 'alerts.yml'])('every metric of docs/%s exists', async (file) => {
  const kinds = await exposed();
  const exists = (name: string): boolean =>
    kinds.has(name) || kinds.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram';
  const names = namesIn(docs(file));
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !exists(name))).toEqual([]);
});

it('docs/metrics.md lists every metric of Tandem and of the platform, and no other', async () => {
  const listed = [...docs('metrics.md').matchAll(/^\| `(tandem_\w+)`/gm)].map(([, name]) => name);
  const real = [...(await exposed()).keys()].filter((name) => name.startsWith('tandem_'));
  expect(listed.sort()).toEqual(real.sort());
});
