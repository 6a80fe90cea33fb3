/** A sound to play to the far end. */
export interface Playback {
  kind: 'speak' | 'playback';
  /** The sentence or the URL of the file. */
  content: string;
  /** Name of a voice; speech only. */
  voice?: string | undefined;
  loop: boolean;
  /** -4 to 4; 0 is the original volume. */
  volume: number;
  /** Included in the events. */
  tag?: string | undefined;
}
