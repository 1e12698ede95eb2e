import type { Message } from '../../src/core/domain/message.ts';
import type { Store } from '../../src/core/ports/store.ts';

/** A store of which some methods are others, made from what they replace. */
export function overrideStore(change: (store: Store) => Partial<Store>): (store: Store) => Store {
  return (store) => {
    const others = change(store);
    return new Proxy(store, {
      get(target, name) {
        const other: unknown = Reflect.get(others, name);
        if (other !== undefined) return other;
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (value as (...args: unknown[]) => unknown).bind(target);
      },
    });
  };
}

/** A store that does something before it takes a message in; if that throws, it does not. */
export function beforeAccept(
  step: (message: Message) => void | Promise<void>,
): (store: Store) => Store {
  return overrideStore((store) => ({
    async accept(message, options) {
      await step(message);
      return store.accept(message, options);
    },
    async acceptAndClaim(message, options, lease) {
      await step(message);
      return store.acceptAndClaim(message, options, lease);
    },
  }));
}
