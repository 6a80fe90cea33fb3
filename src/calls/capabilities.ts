/** What a provider can do with calls, as far as it changes what a flow does. */
export interface CallCapabilities {
  /** `key`: a dial that is sent again with the same correlation makes no second call. */
  dialIdempotency: 'none' | 'key';
  /** How a call is found whose dial reply was lost: by a list of calls, by its correlation, or not at all. */
  find: 'list' | 'by-correlation' | 'none';
  /** Whether an `answered` event of the caller follows the `answer` command. Otherwise its acceptance stands for the event. */
  callerAnswerEvent: boolean;
  /** Whether a `bridged` event says that the bridge was made. Otherwise the acceptance of `bridge` does. */
  bridgedEvent: boolean;
}

/** Of states that name none. */
export const DEFAULT_CAPABILITIES: CallCapabilities = {
  dialIdempotency: 'none',
  find: 'list',
  callerAnswerEvent: true,
  bridgedEvent: false,
};
