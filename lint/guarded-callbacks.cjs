/**
 * Finds callbacks that Node (or `ws`) calls from its event loop, and that may throw: those of timers, sockets, servers,
 * streams and threads. What such a callback throws has no caller: it ends the process, and every call with it. Wrap it:
 * `internalErrors.guard('which callback', callback)`, of the call's own internal errors where there is a call.
 *
 * Not reported: guarded callbacks (by their type), those whose body is a `try` with a `catch`, those that only do what cannot
 * throw (settle a promise, set a variable, log, destroy), and handlers of `process`, which are the last resort themselves.
 */
'use strict';

const MESSAGE =
  'What this callback throws ends the process. Wrap it: internalErrors.guard(where, callback), or catch what it throws.';

/** Where the functions are declared that call back later. */
const LATER = /[\\/]node_modules[\\/]@types[\\/](node|ws)[\\/]/;
const HARMLESS_FUNCTIONS = new Set(['clearTimeout', 'clearInterval', 'clearImmediate', 'String', 'Number', 'Boolean']);
const HARMLESS_METHODS = new Set([
  ...['destroy', 'destroySoon', 'closeAllConnections', 'abort', 'exit', 'on', 'once', 'off', 'unref'],
  ...['get', 'has', 'add', 'set', 'delete', 'push'],
]);
const LOG_LEVELS = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
const CHILDREN_DECIDE = new Set([
  ...['BlockStatement', 'ExpressionStatement', 'ReturnStatement', 'IfStatement', 'VariableDeclaration'],
  ...['VariableDeclarator', 'TemplateLiteral', 'UnaryExpression', 'UpdateExpression', 'BinaryExpression', 'Property'],
  ...['LogicalExpression', 'ConditionalExpression', 'AssignmentExpression', 'ObjectExpression', 'ArrayExpression'],
  ...['MemberExpression', 'ChainExpression', 'ObjectPattern', 'ArrayPattern', 'AssignmentPattern'],
  ...['TSAsExpression', 'TSNonNullExpression'],
]);
const HARMLESS = new Set([
  ...['Literal', 'Identifier', 'PrivateIdentifier', 'ThisExpression', 'TemplateElement', 'EmptyStatement'],
  // Made, not called.
  ...['ArrowFunctionExpression', 'FunctionExpression'],
]);
const isFunction = (node) => /Function/.test(node.type);

module.exports = {
  meta: {
    type: 'problem',
    docs: { description: 'Require guards around callbacks that the event loop calls' },
    schema: [],
    messages: { unguarded: MESSAGE },
  },
  create(context) {
    const { sourceCode } = context;
    const services = sourceCode.parserServices;
    const checker = services.program.getTypeChecker();
    const typeOf = (node) => services.getTypeAtLocation(node);
    const isGuarded = (node) => typeOf(node).symbol?.name === 'Guarded';
    const isCallable = (node) => typeOf(node).getCallSignatures().length > 0;

    const definitionOf = (identifier) => {
      let scope = sourceCode.getScope(identifier);
      for (; scope; scope = scope.upper) {
        const variable = scope.set.get(identifier.name);
        if (variable) return variable.defs[0];
      }
      return undefined;
    };

    /** `resolve` or `reject` of `new Promise((resolve, reject) => …)` */
    const settlesPromise = ({ type, node }) =>
      type === 'Parameter' && node.parent?.type === 'NewExpression' && node.parent.callee.name === 'Promise';

    /** A reference to a function: whether calling it cannot throw. */
    const isHarmlessFunction = (node, seen) => {
      if (isFunction(node)) return isHarmless(node.body, seen);
      if (isGuarded(node)) return true;
      if (node.type !== 'Identifier') return false;
      const definition = definitionOf(node);
      if (!definition || seen.has(definition)) return definition !== undefined;
      if (settlesPromise(definition)) return true;
      seen.add(definition);
      if (definition.type === 'FunctionName') return isHarmless(definition.node.body, seen);
      const init = definition.type === 'Variable' && definition.parent.kind === 'const' && definition.node.init;
      return init ? isHarmlessFunction(init, seen) : false;
    };

    const isHarmlessCall = ({ callee, arguments: given }, seen) => {
      if (!given.every((each) => isHarmless(each, seen))) return false;
      if (isHarmlessFunction(callee, seen)) return true;
      // An error is made: `AxiosError.from(…)`, `closedError()`.
      if (/Error(\.from)?$/.test(sourceCode.getText(callee))) return true;
      if (callee.type === 'Identifier') return HARMLESS_FUNCTIONS.has(callee.name);
      if (callee.type !== 'MemberExpression' || callee.computed || !isHarmless(callee.object, seen)) return false;
      const { object, property } = callee;
      if (HARMLESS_METHODS.has(property.name)) return true;
      return LOG_LEVELS.has(property.name) && /^(this\.#)?log$/.test(sourceCode.getText(object));
    };

    /** Whether running this cannot throw; types are relied upon. */
    const isHarmless = (node, seen) => {
      if (HARMLESS.has(node.type)) return true;
      if (node.type === 'TryStatement') return node.handler !== null;
      if (node.type === 'CallExpression') return isHarmlessCall(node, seen);
      if (node.type === 'NewExpression')
        return /Error$/.test(node.callee.name) && node.arguments.every((each) => isHarmless(each, seen));
      if (!CHILDREN_DECIDE.has(node.type)) return false;
      return sourceCode.visitorKeys[node.type]
        .flatMap((key) => (key === 'typeAnnotation' ? [] : node[key]))
        .every((child) => !child || isHarmless(child, seen));
    };

    const isProcess = ({ callee }) =>
      callee.type === 'MemberExpression' &&
      callee.property.name !== 'nextTick' &&
      /^process(\.std(out|err))?$/.test(sourceCode.getText(callee.object));

    /** What a callback of a function throws that returns a promise rejects the promise. */
    const callsLater = (node) => {
      const signature = checker.getResolvedSignature(services.esTreeNodeToTSNodeMap.get(node));
      const file = signature?.declaration?.getSourceFile().fileName ?? '';
      return LATER.test(file) && signature.getReturnType().symbol?.name !== 'Promise';
    };

    return {
      CallExpression(node) {
        const callbacks = node.arguments.filter((each) => isFunction(each) || isCallable(each));
        if (callbacks.length === 0 || !callsLater(node) || isProcess(node)) return;
        if (/^(off|removeListener|removeEventListener)$/.test(node.callee.property?.name)) return;
        for (const callback of callbacks)
          if (!isHarmlessFunction(callback, new Set())) context.report({ node: callback, messageId: 'unguarded' });
      },
    };
  },
};
