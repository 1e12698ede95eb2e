import { expect, it } from 'vitest';
import { readConfig } from '../../../src/config/config.ts';

it.for<[string | undefined, readonly string[] | undefined]>([
  [undefined, undefined],
  ['gpt-5-mini', ['gpt-5-mini']],
  ['openai/gpt-5 mini', ['openai/gpt-5 mini']],
  [' a, b ,c', ['a', 'b', 'c']],
  ['1,2,3,4,5,6,7,8,9,10', ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']],
])('MODEL=%s names %j', ([value, names]) => {
  expect(readConfig(value === undefined ? {} : { MODEL: value }).MODEL).toEqual(names);
});

it.for([
  ['a,', 'MODEL must name a model before and after every comma, such as MODEL='],
  [',a', 'MODEL must name a model before and after every comma, such as MODEL='],
  ['a,,b', 'MODEL must name a model before and after every comma, such as MODEL='],
  ['a,b, a', 'MODEL must not name a model twice, such as MODEL='],
  ['1,2,3,4,5,6,7,8,9,10,11', 'MODEL must name at most 10 models, such as MODEL='],
])('MODEL=%s is none', ([MODEL = '', problem = '']) => {
  expect(() => readConfig({ MODEL })).toThrow(problem);
});

it.each([
  ['METRICS', '9464'],
  ['HEALTH', '3001'],
])('%s_PORT is off, or a port of its own', (name, port) => {
  const setting = `${name}_PORT`;
  const address = { [`${name}_HOST`]: '127.0.0.1' };
  expect(readConfig({})).toMatchObject({ [setting]: undefined, ...address });
  expect(readConfig({ [setting]: port })).toMatchObject({ [setting]: Number(port), ...address });
  for (const wrong of ['0', '65536', '-1', 'on', '9464.5']) {
    expect(() => readConfig({ [setting]: wrong })).toThrow(
      `${setting} must be a whole number from 1 to 65535, such as ${setting}=${port}`,
    );
  }
});
