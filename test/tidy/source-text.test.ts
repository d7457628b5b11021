import { expect, test } from 'vitest';
import { importsOf } from './imports-of.ts';
import { viewSource } from './source-text.ts';

test.each([
  ['a line comment', "a // await 'x\nb", 'a            \nb'],
  ['a block comment keeps its lines', 'a /* x\ny */ b', 'a     \n     b'],
  ['a string', "f('await')", 'f(       )'],
  ['an escaped quote', String.raw`f('a\'b') + c`, 'f(      ) + c'],
  ['a template with code inside', 'f(`a ${await b} c`)', 'f(     await b    )'],
  ['a template in a template', 'f(`${g(`x`)} y`) + z', 'f(   g(   )    ) + z'],
  ['an object in a template', 'f(`${{ a: 1 }.a}x`) + z', 'f(   { a: 1 }.a   ) + z'],
  ['a regular expression with a quote', "x.replace(/'/g, y)", 'x.replace(   g, y)'],
  ['a division', 'a / b / c', 'a / b / c'],
])('blanks %s', (_name, text, seen) => {
  expect(viewSource(text, 'code')).toBe(seen);
});

test('strings stay where they are wanted', () => {
  expect(viewSource("f('a // b') // c", 'code-and-strings')).toBe("f('a // b')     ");
});

test.each([
  ["import { a } from './x.ts';", [{ target: 'agent/x.ts', kind: 'static' }]],
  ["import type { A } from '../shared/x.ts';", [{ target: 'shared/x.ts', kind: 'type' }]],
  ["import {\n  a,\n  b,\n} from 'nats';", [{ target: 'nats', kind: 'static' }]],
  ["import 'reflect-metadata';", [{ target: 'reflect-metadata', kind: 'static' }]],
  ["export { a } from './x.ts';", [{ target: 'agent/x.ts', kind: 'static' }]],
  ["const x = await import('execa');", [{ target: 'execa', kind: 'dynamic' }]],
  ["let x: import('execa').Options;", [{ target: 'execa', kind: 'type' }]],
  ["let x: typeof import('execa');", [{ target: 'execa', kind: 'type' }]],
  ["// import { a } from './x.ts';", []],
  ["export const from = 'x';", []],
])('finds the imports of %s', (text, found) => {
  expect(importsOf('agent/main.ts', text)).toEqual(found);
});
