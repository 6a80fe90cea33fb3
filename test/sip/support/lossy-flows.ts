/** Two ends of a lossy network that uses the fake timers. Every message is printed, possibly lost, and parsed. */
import type { SipMessage } from '../../../src/sip/message';
import { parseMessage } from '../../../src/sip/parse';
import { printMessage } from '../../../src/sip/print';
import type { Address, Flow, TransportName, TransportUser } from '../../../src/sip/transport/transport';
import { randomFrom } from '../../helpers/random-from';

export interface Weather {
  /** Deterministic for a seed. */
  seed?: number;
  /** Share of packets lost, each direction; 0 to 1. */
  loss?: number;
  /** Share of packets that arrive twice. */
  duplicates?: number;
  /** Share of packets that arrive up to a second late, after others. */
  late?: number;
  /** The first packet of every kind (method, or status and method) is lost, each direction. */
  dropFirst?: boolean;
  /** One-way delay; ms. */
  delay?: number;
  transport?: TransportName;
}

export interface LossyFlows {
  /** The flows over which the left and the right end send. */
  readonly left: Flow;
  readonly right: Flow;
  /** Receivers of messages at each end. */
  connect(left: TransportUser, right: TransportUser): void;
  /** All sent messages in order: `> INVITE`, `< 180 INVITE`. Lost ones begin with `x`. */
  readonly trace: readonly string[];
}

export function lossyFlows(weather: Weather = {}): LossyFlows {
  const { seed = 1, loss = 0, duplicates = 0, late = 0, dropFirst = false, delay = 10, transport = 'UDP' } = weather;
  const random = randomFrom(seed);
  const seen = new Set<string>();
  const trace: string[] = [];
  const users: { left?: TransportUser; right?: TransportUser } = {};

  const addresses = { left: { host: '192.0.2.1', port: 5060 }, right: { host: '192.0.2.2', port: 5060 } };
  const left = flow('>', addresses.left, addresses.right, () => users.right);
  const right = flow('<', addresses.right, addresses.left, () => users.left);

  function flow(arrow: string, local: Address, remote: Address, receiver: () => TransportUser | undefined): Flow {
    return {
      transport,
      reliable: transport !== 'UDP',
      local,
      remote,
      id: `${transport} ${remote.host}:${remote.port}`,
      open: true,
      onClose: () => () => undefined,
      send(message) {
        const kind = `${arrow} ${kindOf(message)}`;
        const first = !seen.has(kind);
        seen.add(kind);
        const lost = (dropFirst && first) || random() < loss;
        trace.push(lost ? `x ${kind}` : kind);
        if (lost) return;
        const bytes = printMessage(message);
        const copies = random() < duplicates ? 2 : 1;
        for (let i = 0; i < copies; i++) {
          const wait = delay + (random() < late ? random() * 1_000 : 0);
          setTimeout(() => arrive(bytes, receiver()), wait);
        }
      },
    };
  }

  function arrive(bytes: Buffer, user: TransportUser | undefined): void {
    const parsed = parseMessage(bytes, 'datagram');
    if (parsed.kind !== 'message') throw new Error(`${parsed.reason}: ${bytes.toString()}`);
    user?.message(parsed.message, user === users.left ? left : right);
  }

  return {
    left,
    right,
    connect(toLeft, toRight) {
      users.left = toLeft;
      users.right = toRight;
    },
    trace,
  };
}

function kindOf(message: SipMessage): string {
  return message.kind === 'request'
    ? message.method
    : `${message.status} ${message.headers.get('cseq')?.split(' ')[1]}`;
}
