// Tested by test/integration/web-server.test.ts
import type { AddressInfo, Server } from 'node:net';
import { BadConfiguration } from '../core/domain/errors.ts';

/** Where a server is to listen, and what it is configured with. */
export interface ListenAddress {
  /** Such as `127.0.0.1`. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly setBy: {
    /** The variables' names. */
    readonly host: string;
    readonly port: string;
    /** Those of other servers' ports in the same process. */
    readonly other: string;
    /** One that is free as a rule. */
    readonly usualPort: number;
  };
}

/**
 * Resolves to the port that was taken. Throws `BadConfiguration` if the address cannot be had.
 *
 * @param onFault hears of a later fault of the socket, which would end the process otherwise
 */
export async function listen(
  server: Server,
  place: ListenAddress,
  onFault: (error: Error) => void,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const refused = (cause: NodeJS.ErrnoException) => reject(cannotListen(cause, place));
    server.once('error', refused);
    server.listen({ host: place.host, port: place.port }, () => {
      server.off('error', refused);
      server.on('error', onFault);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** What to tell whoever set the address, `BadConfiguration` as a rule. */
export function cannotListen(
  cause: NodeJS.ErrnoException,
  { host, port, setBy }: ListenAddress,
): Error {
  switch (cause.code ?? '') {
    case 'EADDRINUSE':
      return new BadConfiguration(
        `${setBy.port}: port ${port} is taken, by another program or by ${setBy.other}; choose another one, such as ${setBy.port}=${port < 65_535 ? port + 1 : setBy.usualPort}, or stop what has it`,
        { cause },
      );
    case 'EACCES':
      return new BadConfiguration(
        `${setBy.port}: this user may not listen on port ${port}; choose one above 1023, such as ${setBy.port}=${setBy.usualPort}`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new BadConfiguration(
        `${setBy.host}: this machine has no address "${host}"; use one that it has, such as ${setBy.host}=127.0.0.1`,
        { cause },
      );
    default:
      return new Error(`cannot listen on ${host}, port ${port}`, { cause });
  }
}
