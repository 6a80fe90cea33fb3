/** What the voices of `VOICES` can speak: all of them read the Latin script alone. */

const FOREIGN = /(?=[\p{L}\p{Nd}])[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/u;
const SPOKEN = /[\p{L}\p{N}]/u;

/** Why no voice can speak this sentence; undefined: one can. */
export function sentenceFault(sentence: string): string | undefined {
  const foreign = FOREIGN.exec(sentence.normalize('NFC'))?.[0];
  if (foreign !== undefined)
    return `has "${foreign}", which no voice can speak; use the Latin script, or play a file with fileUrl`;
  // Signs such as the euro's have names; a sentence of nothing but punctuation is silence.
  return SPOKEN.test(sentence) || /[\p{S}]/u.test(sentence)
    ? undefined
    : 'has nothing that can be spoken; add words or digits';
}
