import packageJson from '../package.json' with { type: 'json' };

const needed = Number.parseInt(packageJson.engines.node.replace('>=', ''), 10);

/**
 * Ends a test run on a Node that is too old with one sentence, instead of hundreds of failures. The
 * npm scripts find the right one in node_modules; an editor or a bare `npx` may not.
 */
export function requireNode(): void {
  if (Number.parseInt(process.versions.node, 10) >= needed) return;
  console.error(
    `The tests need Node ${needed}; this is ${process.version}. Run them by npm test, or put node_modules/.bin first in PATH.`,
  );
  process.exit(1);
}
