/** Netstrings (`LEN:TEXT,`), in which baresip's ctrl_tcp wraps its JSON. */

export function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

/** Gives the texts that are complete with each chunk that arrives. */
export function createNetstringReader(): (chunk: Buffer) => string[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const texts: string[] = [];
    for (;;) {
      const colon = rest.indexOf(':');
      if (colon < 0) return texts;
      const length = Number(rest.toString('latin1', 0, colon));
      if (!Number.isInteger(length)) throw new Error(`no netstring: ${rest.toString('utf8', 0, 80)}`);
      const end = colon + 1 + length;
      if (rest.length <= end) return texts;
      texts.push(rest.toString('utf8', colon + 1, end));
      rest = rest.subarray(end + 1);
    }
  };
}
