/** What may stand in a method's name: words of Discord's API; everything else is somebody's id. */
const word = /^(?:@me|[a-z-]+)$/;

/** A call without its ids, such as `PATCH /channels/:id/messages/:id`: there are few of these. */
export function methodOf(method: string, path: string): string {
  const parts = path.split('/').map((part) => (part === '' || word.test(part) ? part : ':id'));
  return `${method} ${parts.join('/')}`;
}
