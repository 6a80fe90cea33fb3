/** Relative links and anchors in the Markdown files, and mentions of files in docs/, lead somewhere. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';

const ROOT = join(__dirname, '..');
const SKIPPED = new Set(['node_modules', '.git', 'dist', 'coverage', '.tandem']);
/** Files whose comments and messages may name documents. */
const TEXTS = new Set(['.md', '.ts', '.mjs', '.cjs', '.yml', '.example', '']);

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesIn(path);
    return entry.isFile() ? [path] : [];
  });
}

const files = filesIn(ROOT);
const documents = files.filter((file) => extname(file) === '.md');
const read = (file: string): string => readFileSync(file, 'utf8');
const nameOf = (file: string): string => relative(ROOT, file);

const withoutFences = (text: string): string => text.replace(/^ *(```|~~~)[^]*?^ *\1.*$/gm, '');

/** The anchors of headings, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const used = new Map<string, number>();
  const anchors = [...withoutFences(text).matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading = '']) => {
    const shown = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = shown
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const times = used.get(slug) ?? 0;
    used.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
  return new Set(anchors);
}

/** Inline links and images, reference definitions, and HTML attributes. */
function linksOf(text: string): string[] {
  const prose = withoutFences(text).replace(/(`+)[^`]*\1/g, '');
  const found = [
    ...prose.matchAll(/\]\(\s*<?([^)\s>]+)/g),
    ...prose.matchAll(/^ *\[[^\]]+\]: *<?([^\s>]+)/gm),
    ...prose.matchAll(/\b(?:href|src)="([^"]+)"/g),
  ];
  return found.map(([, target = '']) => target);
}

function faultOf(link: string, from: string): string | undefined {
  if (/^[a-z][a-z\d+.-]*:/i.test(link)) return undefined;
  const [path = '', anchor] = link.split('#', 2);
  const target = path === '' ? from : resolve(dirname(from), decodeURIComponent(path));
  if (!existsSync(target)) return `${nameOf(from)}: ${link}: no such file`;
  if (anchor === undefined || statSync(target).isDirectory() || extname(target) !== '.md') return undefined;
  return anchorsOf(read(target)).has(anchor) ? undefined : `${nameOf(from)}: ${link}: no such heading`;
}

it('every relative link in a Markdown file leads to a file, and every anchor to a heading', () => {
  const links = documents.flatMap((from) => linksOf(read(from)).map((link) => ({ link, from })));
  expect(links.length).toBeGreaterThan(50);
  expect(links.map(({ link, from }) => faultOf(link, from)).filter((fault) => fault !== undefined)).toEqual([]);
});

it('every document in docs/ that a file names exists', () => {
  const named = files
    .filter((file) => TEXTS.has(extname(file)))
    .flatMap((file) =>
      [...read(file).matchAll(/\bdocs\/[\w-]+\.(?:md|json|yml|svg)\b/g)].map(([path]) => ({ path, file })),
    );
  const missing = named.filter(({ path }) => !existsSync(join(ROOT, path)));
  expect(missing.map(({ path, file }) => `${nameOf(file)}: ${path}`)).toEqual([]);
});

it('README.md is at most 150 lines long', () => {
  expect(read(join(ROOT, 'README.md')).trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

describe('the check of links', () => {
  const from = join(ROOT, 'README.md');

  it('finds a missing file and a missing heading', () => {
    expect(faultOf('bench/nothing.md', from)).toBe('README.md: bench/nothing.md: no such file');
    expect(faultOf('docs/api.md#nothing', from)).toBe('README.md: docs/api.md#nothing: no such heading');
    expect(faultOf('#nothing', from)).toBe('README.md: #nothing: no such heading');
    expect(faultOf('docs/api.md#start-a-call', from)).toBeUndefined();
    expect(faultOf('https://example.com/nothing', from)).toBeUndefined();
  });

  it('reads links, and skips code', () => {
    expect(linksOf('[a](b.md#c) `[d](e.md)` ![f](g.svg)\n\n```\n[h](i.md)\n```\n<img src="j.svg">')).toEqual([
      'b.md#c',
      'g.svg',
      'j.svg',
    ]);
  });

  it('makes anchors as GitHub does', () => {
    const text = "# Tandem's API\n## `LINES` and (more)\n## Twice\n## Twice\n```\n# no heading\n```\n";
    expect([...anchorsOf(text)]).toEqual(['tandems-api', 'lines-and-more', 'twice', 'twice-1']);
  });
});
