import { describe, expect, it } from 'vitest';
import { faultOfAgent, faultOfUndici } from '../../../src/proxy/proxy-faults.ts';
import { proxiesOf } from '../../../src/proxy/proxies.ts';

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
