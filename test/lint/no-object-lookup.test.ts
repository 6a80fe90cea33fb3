import { join } from 'node:path';
import { RuleTester, type Rule } from 'eslint';
import { parser } from 'typescript-eslint';

const rule = jest.requireActual<Rule.RuleModule>('../../lint/no-object-lookup.cjs');

// The first case loads the compiler.
jest.setTimeout(120_000);

const tester = new RuleTester({
  languageOptions: {
    parser,
    parserOptions: {
      projectService: { allowDefaultProject: ['*.ts'], defaultProject: 'lint/tsconfig.case.json' },
      tsconfigRootDir: join(__dirname, '../..'),
    },
  },
});

const found = (code: string) => ({ code, filename: 'case.ts', errors: [{ messageId: 'lookup' }] });
const fine = (code: string) => ({ code, filename: 'case.ts' });

tester.run('no-object-lookup', rule, {
  invalid: [
    // The two instances that showed the kind: keys of INFO bodies, and causes of hang-ups.
    found(`function digitOf(signal: string) { return { '10': '*', '11': '#' }[signal]; }`),
    found(`const REASONS: Readonly<Record<string, string>> = { USER_BUSY: 'busy' };
      function reason(cause: string) { return REASONS[cause] ?? 'callee-failed'; }`),
    found(`declare const table: { [name: string]: number }; declare const key: string; table[key];`),
    found(
      `declare const table: Partial<Record<string, number>>; declare const key: string | undefined; table[key ?? ''];`,
    ),
    found('declare const table: Record<string, number>; declare const key: string; table[`x-${key}`];'),
    found('declare const table: Record<string, number>; declare const key: `x-${string}`; table[key];'),
    found(`declare const table: Record<string, number>; declare const key: any; table[key];`),
    found(`declare const body: any; declare const key: string; body[key];`),
    found(`declare const table: Record<string, number>; declare const key: string; table[key] = 1;`),
    found(`declare const shape: { PORT: number }; declare const key: string; key in shape;`),
    found(`declare const table: Record<string, number>; declare const key: string; const { [key]: value } = table;`),
    found(`declare const table: Record<string, number>; declare const key: string;
      Object.hasOwn(table, 'other') ? table[key] : undefined;`),
    found(`declare const table: Record<string, number>; declare const key: string;
      Object.hasOwn(table, key) ? undefined : table[key];`),
    found(`declare const tables: Record<'a', Record<string, number>>; declare const key: string; tables.a[key];`),
  ],
  valid: [
    fine(`declare const table: ReadonlyMap<string, number>; declare const key: string; table.get(key);`),
    fine(`declare const table: Record<string, number>; table['literal'];`),
    fine(`declare const table: Record<'a' | 'b', number>; declare const key: 'a' | 'b'; table[key];`),
    fine(`declare const list: string[]; declare const index: number; list[index];`),
    fine(`declare const bytes: Uint8Array; declare const index: number; bytes[index];`),
    fine(`declare const text: string; text[0];`),
    fine(`declare const table: Record<number, string>; declare const status: number; table[status];`),
    fine(`declare const error: object; 'code' in error;`),
    fine(`declare const table: Record<string, number>; declare const key: string;
      Object.hasOwn(table, key) ? table[key] : undefined;`),
    fine(`declare const table: Record<string, number>; declare const key: string;
      Object.hasOwn(table, key) && table[key] > 1;`),
    fine(`class Machine<State extends string> {
      constructor(readonly table: Record<State, number>) {}
      at(state: State) { return this.table[state]; }
    }`),
  ],
});
