/**
 * The one table of flows. A new flow is a file, a member of `Flow`, and a row here.
 */
import { bridgeLegsTransition } from './bridge-legs';
import type { Command, Decision, Flow, FlowEvent, LivePhase } from './flow';
import { speakTransition } from './speak-and-hang-up';

/** More callbacks than this in one flow are keys pressed or announcements in a loop: the oldest are forgotten. */
const SEEN_LIMIT = 100;

/** Applies an event to a flow of whatever kind. Pure. A callback that comes again gives the flow back as it is. */
export function transition(flow: Flow, event: FlowEvent): Decision {
  if (event.type !== 'call-event') return apply(flow, event);
  const { key } = event.event;
  if (key === undefined) return apply(flow, event);
  if (flow.seen.includes(key)) return { flow, commands: [] };
  const decision = apply(flow, event);
  return { ...decision, flow: { ...decision.flow, seen: [...flow.seen, key].slice(-SEEN_LIMIT) } };
}

function apply(flow: Flow, event: FlowEvent): Decision {
  switch (flow.kind) {
    case 'bridge-legs':
      return bridgeLegsTransition(flow, event);
    case 'speak-and-hang-up':
      return speakTransition(flow, event);
  }
}

/** The phase in which a command still makes sense; the others are wanted in every phase. */
const WANTED_IN: Partial<Record<Command['type'], LivePhase>> = {
  dial: 'dialling',
  answer: 'answering',
  bridge: 'bridging',
  say: 'speaking',
};

/** Whether a command that waits to be sent (again) is still wanted by its flow. */
export function isWanted(flow: Flow, command: Command): boolean {
  const phase = WANTED_IN[command.type];
  if (command.type === 'dial' && flow.callee.callId !== undefined) return false;
  return phase === undefined || flow.phase === phase;
}
