/**
 * Finds look-ups of plain objects by arbitrary text: `table[text]`, `table[text] = value`, `text in table`,
 * `const { [text]: value } = table`. Text such as `constructor` or `__proto__` finds what every object inherits. Use a Map
 * or a Set, or ask first: `Object.hasOwn(table, text) ? table[text] : undefined`.
 */
'use strict';
const ts = require('typescript');

const MESSAGE =
  'A plain object is looked up by arbitrary text, which finds inherited names such as `constructor`. Use a Map or Set, or `Object.hasOwn(table, text) ? table[text] : undefined`.';

/** Text that is not one of a known set of literals. A type parameter stands for such a set: its table is typed by it, too. */
function isArbitraryText(type) {
  if (type.isUnion()) return type.types.some(isArbitraryText);
  if (type.isIntersection()) return type.types.some(isArbitraryText);
  const { Any, Unknown, String, TemplateLiteral, StringMapping } = ts.TypeFlags;
  return (type.flags & (Any | Unknown | String | TemplateLiteral | StringMapping)) !== 0;
}

module.exports = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow look-ups of plain objects by arbitrary text' },
    schema: [],
    messages: { lookup: MESSAGE },
  },
  create(context) {
    const { sourceCode } = context;
    const services = sourceCode.parserServices;
    const checker = services.program.getTypeChecker();
    const typeOf = (node) => services.getTypeAtLocation(node);
    const text = (node) => sourceCode.getText(node);

    /** Arrays, typed arrays and strings have elements, and their names are of no interest. */
    const isPlainObject = (type) => {
      if (type.isUnion()) return type.types.some(isPlainObject);
      if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return true;
      if (!(type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection | ts.TypeFlags.NonPrimitive))) return false;
      return !checker.isArrayLikeType(type);
    };

    /** `Object.hasOwn(table, key) ? … : …`, or `Object.hasOwn(table, key) && …` */
    const isAsked = (node, table, key) => {
      const wanted = `Object.hasOwn(${text(table)}, ${text(key)})`;
      for (let inner = node, outer = node.parent; outer; inner = outer, outer = outer.parent) {
        if (outer.type === 'ConditionalExpression' && outer.consequent === inner && text(outer.test) === wanted)
          return true;
        if (
          outer.type === 'LogicalExpression' &&
          outer.operator === '&&' &&
          outer.right === inner &&
          text(outer.left) === wanted
        )
          return true;
        if (/Statement|Function|Declaration/.test(outer.type)) return false;
      }
      return false;
    };

    const check = (node, table, key) => {
      if (!isArbitraryText(typeOf(key)) || !isPlainObject(typeOf(table)) || isAsked(node, table, key)) return;
      context.report({ node, messageId: 'lookup' });
    };

    return {
      'MemberExpression[computed=true]'(node) {
        if (node.property.type !== 'Literal') check(node, node.object, node.property);
      },
      "BinaryExpression[operator='in']"(node) {
        if (node.left.type !== 'PrivateIdentifier' && node.left.type !== 'Literal') check(node, node.right, node.left);
      },
      'ObjectPattern > Property[computed=true]'(node) {
        const { parent } = node.parent;
        if (node.key.type === 'Literal') return;
        if (isArbitraryText(typeOf(node.key)) && isPlainObject(typeOf(node.parent))) {
          context.report({ node: parent.type === 'VariableDeclarator' ? node.parent : node, messageId: 'lookup' });
        }
      },
    };
  },
};
