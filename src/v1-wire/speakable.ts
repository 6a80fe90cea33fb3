/** Checks whether the voices of `VOICES` can speak a sentence. All of them read Latin script only. */

const FOREIGN = /(?=[\p{L}\p{Nd}])[^\p{Script=Latin}\p{Script=Common}\p{Script=Inherited}]/u;
const SPOKEN = /[\p{L}\p{N}]/u;

/** Returns why no voice can speak the sentence; undefined if it can be spoken. */
export function sentenceFault(sentence: string): string | undefined {
  const foreign = FOREIGN.exec(sentence.normalize('NFC'))?.[0];
  if (foreign !== undefined)
    return `contains "${foreign}", which no voice can speak; use Latin script, or play a file with fileUrl`;
  // Voices speak symbols such as €. Punctuation alone is silent.
  return SPOKEN.test(sentence) || /[\p{S}]/u.test(sentence)
    ? undefined
    : 'contains nothing to speak; add words or digits';
}
