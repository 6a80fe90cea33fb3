/** The media of one call: its RTP port, its session description, and the packets that it sends and receives. */
import { SocketAddress, isIPv4, isIPv6 } from 'node:net';
import type { InternalErrors } from '../support/internal-errors';
import type { Logger } from '../support/logger';
import { guardedSink, type PacketSink, type Party, type Tap } from './audio';
import type { Clock } from './clock';
import { createKeyDetector } from './key-detector';
import { createLatch, type Address } from './latch';
import type { MediaLeg, MediaLegListener } from './media';
import { acceptAnswer, answerOffer, offeredMedia, reofferedMedia, type AudioStream } from './negotiate';
import { createOwnDescription } from './own-description';
import type { RtpPort } from './ports';
import { createRtpReceiver, type ReceiverCounts } from './rtp-receiver';
import { createRtpSender } from './rtp-sender';
import type { SdpMedia } from './sdp';

export interface RtpLegDeps {
  /** Address to which the port is bound. */
  host: string;
  advertise(remoteHost: string | undefined): string;
  /** IP address of the far end's signalling. */
  peer: string | undefined;
  /** Whether an address is an RTP port of this platform. */
  isOwnPort(this: void, address: Address): boolean;
  silenceSeconds: number;
  clock: Clock;
  log: Logger;
  /** Internal errors of the call. */
  internalErrors: InternalErrors;
  /** Called when the leg has closed. @param portClosed resolves when its port has closed */
  ended(leg: RtpLeg, portClosed: Promise<void>): void;
}

export interface RtpLeg extends MediaLeg {
  readonly counts: Readonly<ReceiverCounts>;
  /**
   * Called every `CHECK_MS`. Sends silence if nothing else was sent. Never throws.
   * @param isSecond true once per second: also checks whether the far end is silent
   */
  check(isSecond: boolean): void;
}

export function createRtpLeg(rtpPort: RtpPort, listener: MediaLegListener, deps: RtpLegDeps): RtpLeg {
  const { socket, port } = rtpPort;
  const { clock, log, silenceSeconds, internalErrors } = deps;
  const latch = createLatch({
    peer: deps.peer === undefined ? undefined : reachable({ address: deps.peer, port: 0 }, deps.host)?.address,
    isOwnPort: deps.isOwnPort,
  });
  const receiver = createRtpReceiver(latch);
  const sender = createRtpSender((packet) => {
    const { target } = latch;
    if (!target) return false;
    socket.send(packet, 0, packet.length, target.port, target.address);
    return true;
  });
  const keys = createKeyDetector((key) => listener.dtmf(key));
  const description = createOwnDescription();

  let stream: AudioStream | undefined;
  let offered: SdpMedia[] = [];
  let agreed: SdpMedia[] | undefined;
  let sink: PacketSink | undefined;
  let tap: Tap | undefined;
  let stopTicking: (() => void) | undefined;
  let isClosed = false;
  let silentFor = 0; // seconds
  let reportedSilent = false;

  socket.on('message', (datagram, source) => {
    if (isClosed) return;
    // `guard` would allocate for each packet.
    try {
      const packet = receiver.take(datagram, source);
      if (!packet) return;
      silentFor = 0;
      if (packet === 'alive') return;
      if (packet.kind === 'telephone-event') keys.take(packet);
      tap?.onReceived(packet);
      sink?.(packet);
    } catch (error) {
      internalErrors.report(error, { where: 'rtp packet' });
    }
  });

  /** Applies an agreed stream. */
  const agree = (next: AudioStream): void => {
    stream = next;
    silentFor = 0;
    latch.expect(reachable(next.remote, deps.host));
    receiver.configure(next.receivable);
    sender.configure(next.farEndReceives ? next : undefined);
    if (!sender.pressing) stopPressing();
  };
  /** The leg ticks only while it sends keys: permanent ticks of all legs would cost more than the audio. */
  const startPressing = (): void => {
    if (isClosed || !sender.pressing) return;
    const tick = (): void => {
      sender.tick();
      if (!sender.pressing) stopPressing();
    };
    stopTicking ??= clock.everyPacket(tick, (error) => internalErrors.report(error, { where: 'rtp keys' }));
  };
  const stopPressing = (): void => {
    stopTicking?.();
    stopTicking = undefined;
  };

  const checkSilence = (): void => {
    if (silenceSeconds === 0 || reportedSilent || isClosed) return;
    if (!stream?.farEndSends || stream.held) return;
    silentFor += 1;
    if (silentFor <= silenceSeconds) return;
    reportedSilent = true;
    listener.silent();
  };

  const write = guardedSink(internalErrors, 'rtp send', (packet) => {
    if (isClosed) return;
    if (sender.send(packet)) tap?.onSent(packet);
  });
  const party: Party = {
    write,
    pipeTo: (next) => void (sink = next),
    tap: (next) => void (tap = next),
  };

  const leg: RtpLeg = {
    party,
    get held() {
      return stream?.held ?? false;
    },
    offer() {
      offered = agreed ? reofferedMedia(port, agreed) : offeredMedia(port);
      return description.print(deps.advertise(stream?.remote?.address), offered);
    },
    takeAnswer(sdp) {
      agree(acceptAnswer(sdp, offered));
      agreed = offered;
    },
    answer(sdp) {
      const { stream: next, media } = answerOffer(sdp, port);
      agree(next);
      agreed = media;
      return description.print(deps.advertise(next.remote?.address), media);
    },
    sendDtmf(digits) {
      if (stream && stream.eventType === undefined)
        log.debug({ event: 'dtmf-unsupported' }, 'The far end does not support telephone events: digits dropped');
      sender.press(digits);
      startPressing();
    },
    counts: receiver.counts,
    check(isSecond) {
      try {
        sender.fill();
        if (isSecond) checkSilence();
      } catch (error) {
        internalErrors.report(error, { where: 'rtp check' });
      }
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      sink = undefined;
      tap = undefined;
      stopPressing();
      log.debug({ event: 'rtp-closed', port, ...receiver.counts }, 'RTP port closed');
      deps.ended(leg, rtpPort.close());
    },
  };
  return leg;
}

/** Converts an address to the form that the socket uses; undefined if the socket cannot reach its family. */
function reachable(remote: Address | undefined, host: string): Address | undefined {
  if (!remote) return undefined;
  if (!isIPv6(host)) return isIPv4(remote.address) ? remote : undefined;
  const address = isIPv4(remote.address) ? `::ffff:${remote.address}` : remote.address;
  return { address: new SocketAddress({ address, family: 'ipv6' }).address, port: remote.port };
}
