/** Checks whether an XML 1.0 document is well-formed: matching tags, attributes, entities, characters. */
export function expectWellFormed(xml: string): void {
  const NAME = '[A-Za-z_][\\w.-]*';
  const TOKEN = new RegExp(`<(/?)(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>|([^<]+)`, 'y');
  const open: string[] = [];
  const body = xml.replace(/^<\?xml version="1.0" encoding="UTF-8"\?>\n/, '');
  expect(body).not.toBe(xml);
  // eslint-disable-next-line no-control-regex -- XML forbids these characters
  expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/);
  expect(xml.match(/&(?!(?:amp|lt|gt|quot|apos);)/g)).toBeNull();
  let roots = 0;
  while (TOKEN.lastIndex < body.length) {
    const at = TOKEN.lastIndex;
    const [, closing, name, , empty] = TOKEN.exec(body) ?? [];
    if (TOKEN.lastIndex === 0) throw new Error(`not well formed at: ${body.slice(at, at + 80)}`);
    if (name === undefined) continue;
    if (closing) expect(open.pop()).toBe(name);
    else if (open.length === 0) roots += 1;
    if (!closing && !empty) open.push(name);
  }
  expect([open, roots]).toEqual([[], 1]);
}
