/** What is coloured in code, by the first name of its scope; whatever else has the colour of text. */
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

/** The names of the colours: the classes `c-…` in prose.css. */
export const colours = Object.keys(groups);

const places = new Map(
  Object.values(groups).flatMap((scopes, place) => scopes.map((scope) => [scope, place])),
);

/** The place of a scope's colour in `colours`, such as that of `title.function`; -1 for none. */
export function colourOf(scope) {
  return places.get(scope.split('.')[0]) ?? -1;
}
