import { expect, it } from 'vitest';
import { AllowedHosts } from '../../../../../src/platforms/web/http/request-guard.ts';

it('has this machine’s own names with any port, whatever it is bound to', () => {
  for (const bound of ['127.0.0.1', '0.0.0.0', '::', '192.168.1.5']) {
    const hosts = new AllowedHosts(bound, []);
    for (const name of ['localhost', 'LOCALHOST:3000', '127.0.0.1:1', '[::1]:3000']) {
      expect(hosts.has(name), name).toBe(true);
    }
    for (const name of [
      '',
      'evil.example',
      'localhost.evil.example',
      'evil.localhost',
      '0.0.0.0',
    ]) {
      expect(hosts.has(name), name).toBe(false);
    }
  }
});

it('has the address that it is bound to', () => {
  expect(new AllowedHosts('192.168.1.5', []).has('192.168.1.5:3000')).toBe(true);
  expect(new AllowedHosts('fd00::5', []).has('[fd00::5]:3000')).toBe(true);
  expect(new AllowedHosts('0.0.0.0', []).has('192.168.1.5:3000')).toBe(false);
});

it('has what is listed, with any port unless one is listed, too', () => {
  const hosts = new AllowedHosts('0.0.0.0', [
    'Parley.Example.com',
    'other.example:8443',
    'tls.example:443',
    'bücher.example',
    'fd00::1',
  ]);
  for (const name of [
    'parley.example.com',
    'parley.example.com:3000',
    'other.example:8443',
    'tls.example',
    'xn--bcher-kva.example',
    '[fd00::1]',
  ]) {
    expect(hosts.has(name), name).toBe(true);
  }
  for (const name of [
    'other.example',
    'other.example:3000',
    'www.parley.example.com',
    'parley.example.com.',
  ]) {
    expect(hosts.has(name), name).toBe(false);
  }
});

it.each([
  'a@localhost',
  'localhost/',
  'localhost:3000:1',
  'localhost#',
  '[localhost]',
  'localhost:',
])('is not misled by "%s"', (header) => {
  expect(new AllowedHosts('127.0.0.1', []).has(header)).toBe(false);
});
