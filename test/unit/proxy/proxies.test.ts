import { describe, expect, it } from 'vitest';
import { proxiesOf, proxyFor, addressRangesIn } from '../../../src/proxy/proxies.ts';

const none = { HTTPS_PROXY: undefined, HTTP_PROXY: undefined, NO_PROXY: undefined };
const [one, other] = ['http://one.example:3128', 'http://other.example:8080'];

function directOf(noProxy: string): string[] {
  const direct =
    proxiesOf({ ...none, HTTPS_PROXY: one, NO_PROXY: noProxy })?.direct.split(',') ?? [];
  return direct.slice(direct.indexOf('[::1]') + 1);
}

describe('the proxies', () => {
  it('are none while none is set', () => {
    expect(proxiesOf(none)).toBeUndefined();
    expect(proxiesOf({ ...none, NO_PROXY: 'example.com' })).toBeUndefined();
  });

  it.each([
    { given: { HTTPS_PROXY: one }, https: 'HTTPS_PROXY', http: undefined },
    { given: { HTTP_PROXY: one }, https: 'HTTP_PROXY', http: 'HTTP_PROXY' },
    { given: { HTTPS_PROXY: one, HTTP_PROXY: other }, https: 'HTTPS_PROXY', http: 'HTTP_PROXY' },
  ])('$given: https by $https, http by $http', ({ given, https, http }) => {
    const proxies = proxiesOf({ ...none, ...given })!;
    for (const protocol of ['https:', 'wss:']) {
      expect(proxyFor(proxies, protocol)?.setting).toBe(https);
    }
    for (const protocol of ['http:', 'ws:']) {
      expect(proxyFor(proxies, protocol)?.setting).toBe(http);
    }
  });

  it.each(['*', 'example.com,*', ' * '])('are none where NO_PROXY=%s names all', (noProxy) => {
    expect(proxiesOf({ ...none, HTTPS_PROXY: one, NO_PROXY: noProxy })).toBeUndefined();
  });

  it('leave this machine alone, whatever NO_PROXY says', () => {
    for (const noProxy of [undefined, '', 'example.com']) {
      const { direct = '' } = proxiesOf({ ...none, HTTPS_PROXY: one, NO_PROXY: noProxy }) ?? {};
      expect(direct.split(',')).toEqual(
        expect.arrayContaining(['localhost', '127.0.0.1', '::1', '[::1]']),
      );
    }
  });

  it.each([
    ['example.com', ['example.com', '.example.com']],
    ['.example.com', ['example.com', '.example.com']],
    ['*.Example.com', ['example.com', '.example.com']],
    ['example.com:8443', ['example.com:8443']],
    [
      'a.example  b.example,\tc.example:1',
      ['a.example', '.a.example', 'b.example', '.b.example', 'c.example:1'],
    ],
    ['[fd00::7]', ['[fd00::7]', 'fd00::7']],
    ['fd00::7', ['fd00::7', '[fd00::7]']],
  ])('NO_PROXY=%s is told in a form that all libraries read alike', (noProxy, direct) => {
    expect(directOf(noProxy)).toEqual(direct);
  });

  it('know what in NO_PROXY is a range', () => {
    expect(addressRangesIn('10.0.0.7, 10.0.0.0/8,.svc fd00::/8')).toEqual([
      '10.0.0.0/8',
      'fd00::/8',
    ]);
  });
});
