/** Languages outside highlight.js' common bundle, with their aliases; each is a file of its own. */
const further = {
  ada: [],
  awk: [],
  clojure: ['clj'],
  cmake: [],
  dart: [],
  delphi: ['pascal'],
  dockerfile: ['docker'],
  dos: ['bat', 'cmd'],
  elixir: ['ex', 'exs'],
  elm: [],
  erlang: ['erl'],
  fortran: ['f90'],
  fsharp: ['fs', 'f#'],
  gradle: [],
  groovy: [],
  haskell: ['hs'],
  http: [],
  julia: ['jl'],
  latex: ['tex'],
  lisp: [],
  matlab: [],
  nginx: [],
  nix: [],
  ocaml: ['ml'],
  powershell: ['ps', 'ps1', 'pwsh'],
  prolog: [],
  protobuf: ['proto'],
  scala: [],
  scheme: [],
  tcl: [],
  verilog: ['v'],
  vhdl: [],
  vim: [],
  x86asm: ['asm'],
};

const files = new Map(
  Object.entries(further).flatMap(([file, names]) => [file, ...names].map((name) => [name, file])),
);

/** The grammar file of a language outside the common bundle, by any of its names. */
export function fileOf(language) {
  return files.get(language);
}
