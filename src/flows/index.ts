/**
 * The one table of flows. A new flow is a file, a member of `Flow`, and a row here.
 */
import { bridgeLegsTransition } from './bridge-legs';
import type { Command, Decision, Flow, FlowEvent, LivePhase } from './flow';
import { speakTransition } from './speak-and-hang-up';

/** Applies an event to a flow of whatever kind. Pure. */
export function transition(flow: Flow, event: FlowEvent): Decision {
  switch (flow.kind) {
    case 'bridge-legs':
      return bridgeLegsTransition(flow, event);
    case 'speak-and-hang-up':
      return speakTransition(flow, event);
  }
}

/** The phase in which a command still makes sense; the others are wanted in every phase. */
const WANTED_IN: Partial<Record<Command['type'], LivePhase>> = {
  'create-call': 'dialling',
  'answer-call': 'answering',
  'create-bridge': 'bridging',
  speak: 'speaking',
};

/** Whether a command that waits to be sent (again) is still wanted by its flow. */
export function isWanted(flow: Flow, command: Command): boolean {
  const phase = WANTED_IN[command.type];
  if (command.type === 'create-call' && flow.callee.callId !== undefined) return false;
  return phase === undefined || flow.phase === phase;
}
