/** highlight.js scopes by colour; any other scope has the colour of text. */
const groups = {
  keyword: ['keyword', 'selector-tag', 'name', 'doctag', 'template-tag', 'operator'],
  title: ['title', 'section'],
  string: ['string', 'regexp', 'char', 'symbol', 'bullet', 'link', 'code'],
  number: ['number', 'literal'],
  comment: ['comment', 'quote'],
  type: ['type', 'built_in', 'class'],
  name: ['attr', 'attribute', 'property', 'variable', 'template-variable', 'selector-class'],
  meta: ['meta', 'selector-id', 'selector-attr', 'selector-pseudo'],
  addition: ['addition'],
  deletion: ['deletion'],
};

/** Names of the colours: classes `c-…` in prose.css. */
export const colours = Object.keys(groups);

const places = new Map(
  Object.values(groups).flatMap((scopes, place) => scopes.map((scope) => [scope, place])),
);

/** Index in `colours` for a scope such as `title.function`; -1 for none. */
export function colourOf(scope) {
  return places.get(scope.split('.')[0]) ?? -1;
}
