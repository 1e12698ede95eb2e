import type { PageFormat } from '../../core/ports/surface.ts';

/** The page shows markdown as it is; long answers are cut so that one page is quick to draw. */
export const webFormat: PageFormat = {
  limit: 10_000,
  render: (markdown) => markdown,
  size: (rendered) => rendered.length,
};
