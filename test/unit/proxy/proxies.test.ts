import { describe, expect, it } from 'vitest';
import {
  addressRangesIn,
  faultOfAgent,
  faultOfUndici,
  proxiesOf,
  proxyFor,
} from '../../../src/proxy/proxies.ts';

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

const proxies = proxiesOf({
  HTTPS_PROXY: 'http://proxy.example:3128',
  HTTP_PROXY: 'http://ada:secret@other.example',
  NO_PROXY: undefined,
})!;

const tunnel = (status: number, protocol = 'https:', host = 'slack.com') => ({
  connectParams: { host, protocol },
  error: { message: `Proxy response (${status}) !== 200 when HTTP Tunneling` },
});

describe('what fails at a proxy', () => {
  it('is a host that it refuses', () => {
    expect(faultOfUndici(proxies, tunnel(403))).toEqual({
      setting: 'HTTPS_PROXY',
      proxy: 'proxy.example:3128',
      detail: 'refuses slack.com (403)',
      remedy: 'allow slack.com there, or name it in NO_PROXY to go without',
    });
    const message =
      'Failed to establish tunnel to gateway.discord.gg:443 via http://proxy.example:3128/: HTTP/1.1 403 Forbidden';
    expect(faultOfAgent(proxies, { code: 'ERR_PROXY_TUNNEL', message })).toMatchObject({
      setting: 'HTTPS_PROXY',
      detail: 'refuses gateway.discord.gg (403)',
    });
  });

  it('is a name and a password that are missing or wrong', () => {
    expect(faultOfUndici(proxies, tunnel(407))).toMatchObject({
      detail: 'wants a name and a password (407)',
      remedy:
        'set HTTPS_PROXY with those that the proxy accepts: http://NAME:PASSWORD@proxy.example:3128',
    });
    const wrong = faultOfUndici(proxies, tunnel(407, 'http:'));
    expect(wrong).toMatchObject({
      setting: 'HTTP_PROXY',
      proxy: 'other.example',
      detail: 'does not accept the name and password (407)',
    });
    expect(JSON.stringify(wrong)).not.toContain('secret');
  });

  it('is a proxy that is away', () => {
    const away = (host: string) =>
      faultOfUndici(proxies, {
        connectParams: { host, protocol: 'http:' },
        error: { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
      });
    expect(away('proxy.example:3128')).toMatchObject({
      setting: 'HTTPS_PROXY',
      detail: 'does not answer (ECONNREFUSED)',
    });
    expect(away('other.example')).toMatchObject({ setting: 'HTTP_PROXY' });
  });

  it('is nothing that fails behind it, or without it', () => {
    const error = { code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' };
    const direct = { connectParams: { host: 'slack.com', protocol: 'https:' }, error };
    expect(faultOfUndici(proxies, direct)).toBeUndefined();
    expect(faultOfAgent(proxies, error)).toBeUndefined();
  });
});
