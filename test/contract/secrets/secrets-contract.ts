import { afterEach, describe, expect, it } from 'vitest';
import type { Secrets, Store } from '../../../src/core/ports/store.ts';
import { eventually } from '../store/store-fixture.ts';

type SecretStore = Store & { readonly secrets: Secrets };

/** A store of one test's own. */
interface OpenedSecrets {
  readonly store: SecretStore;
  /** What another process finds there: at the same time, where it can, or after a restart. */
  again(): Promise<SecretStore>;
  dispose(): Promise<void>;
}

/** The contract of secrets, run by every store. */
export function secretsContract(name: string, open: () => Promise<OpenedSecrets>): void {
  let opened: OpenedSecrets | undefined;
  afterEach(async () => {
    await opened?.dispose();
    opened = undefined;
  });
  const start = async (): Promise<Secrets> => (opened = await open()).store.secrets;

  describe(`${name}: secrets`, () => {
    it('keep the first value, whatever comes later', async () => {
      const secrets = await start();
      expect(await secrets.find('key')).toBeUndefined();
      expect(await secrets.keep('key', 'first')).toBe('first');
      expect(await secrets.keep('key', 'second')).toBe('first');
      expect(await secrets.keep('other key', 'second')).toBe('second');
      const later = (await opened!.again()).secrets;
      expect(await later.keep('key', 'third')).toBe('first');
      expect(await later.find('key')).toBe('first');
    });

    it('keep one value of those that come at the same time', async () => {
      const secrets = await start();
      const made = Array.from({ length: 20 }, (_, i) => secrets.keep('key', `of ${i}`));
      expect(new Set(await Promise.all(made)).size).toBe(1);
    });

    it('expire, and another value can be kept then', async () => {
      const secrets = await start();
      expect(await secrets.keep('long', 'there', 60_000)).toBe('there');
      expect(await secrets.keep('short', 'there', 40)).toBe('there');
      await eventually(async () => expect(await secrets.find('short')).toBeUndefined());
      expect(await secrets.keep('short', 'again', 60_000)).toBe('again');
      await opened!.store.sweep();
      expect(await secrets.find('short')).toBe('again');
      expect(await secrets.find('long')).toBe('there');
    });
  });
}
