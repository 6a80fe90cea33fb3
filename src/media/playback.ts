/** Something to be heard by the far end. */
export interface Playback {
  kind: 'speak' | 'playback';
  /** The sentence, or the URL of the file. */
  content: string;
  /** Name of a voice; speech only. */
  voice?: string | undefined;
  loop: boolean;
  /** -4 to 4; 0 is as recorded. */
  volume: number;
  /** Comes back in the events. */
  tag?: string | undefined;
}
