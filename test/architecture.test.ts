/**
 * The rules of the code that a reader can check line by line, checked: who imports whom, what files are called, how long they are.
 */
import * as path from "node:path"
import { describe, expect, test } from "vitest"
import * as Sources from "./Sources.ts"
import * as Stability from "./Stability.ts"

const packages = Sources.packages("packages")
const examples = Sources.packages("examples")
const [core] = packages.filter(({ folder }) => folder === "packages/core")
const adapters = packages.filter(({ folder }) => /^packages\/(source|sink)-/.test(folder))
const sinks = adapters.filter(({ folder }) => folder.startsWith("packages/sink-"))
const sources = packages.flatMap(({ src }) => src)
const tests = [
  ...[...packages, ...examples, ...Sources.packages("tools")].flatMap(({ test: all }) => all),
  ...["bench/test", "docs/test", "test"].flatMap(Sources.files),
]

const isRelative = (from: string): boolean => from.startsWith(".")
// the package of an import: `@waybill/core/file` is of `@waybill/core`, `effect/http/HttpClient` of `effect`
const packageOf = (from: string): string => from.split("/", from.startsWith("@") ? 2 : 1).join("/")
const targetOf = (file: Sources.File, from: string): string => path.posix.join(path.posix.dirname(file.path), from)

// what breaks a rule is listed whole, so that one run shows all of it
const none = (broken: ReadonlyArray<string>): void => expect(broken).toEqual([])

describe("between packages", () => {
  // demo → examples → cli → adapters → core: each may import from the ranks below its own
  const rankOf = (folder: string): number =>
    folder === "packages/core"
      ? 0
      : folder === "packages/cli"
        ? 2
        : folder.startsWith("packages/")
          ? 1
          : folder === "examples/demo"
            ? 4
            : 3
  const all = [...packages, ...examples]
  const ranks = new Map(all.map(({ folder, manifest }) => [manifest.name, rankOf(folder)]))

  test("examples import the cli, the cli adapters, adapters core, and never the other way or one another", () => {
    none(
      all.flatMap(({ folder, manifest, src }) =>
        src.flatMap(({ imports, path: file }) =>
          imports
            .map(({ from }) => packageOf(from))
            .filter((name) => name !== manifest.name && ranks.has(name) && ranks.get(name)! >= rankOf(folder))
            .map((name) => `${file} imports ${name}`),
        ),
      ),
    )
  })

  test("nobody reaches into the files of another package", () => {
    const everybody = [...all.flatMap(({ src, test: own }) => [...src, ...own])]
    none(
      everybody.flatMap((file) => {
        const [, folder] = /^((?:packages|examples)\/[^/]+)\//.exec(file.path)!
        return file.imports
          .filter(({ from }) =>
            isRelative(from)
              ? !targetOf(file, from).startsWith(`${folder}/`)
              : /^@waybill\/[^/]+\/(src|internal|dist)\b/.test(from),
          )
          .map(({ from }) => `${file.path} imports ${from}`)
      }),
    )
  })

  test("what a package imports it declares; effect, pg and mongodb as peers", () => {
    const peers = ["effect", "pg", "mongodb"]
    none(
      packages.flatMap(({ folder, manifest, src }) => [
        ...peers.filter((name) => manifest.dependencies?.[name] !== undefined).map((name) => `${folder} depends on ${name}`),
        ...src.flatMap(({ imports, path: file }) =>
          imports
            .map(({ from }) => packageOf(from))
            .filter((name) => !isRelative(name) && !name.startsWith("node:") && name !== manifest.name)
            .filter((name) =>
              peers.includes(name)
                ? manifest.peerDependencies?.[name] === undefined
                : (manifest.dependencies?.[name] ?? manifest.peerDependencies?.[name]) === undefined,
            )
            .map((name) => `${file} imports ${name}`),
        ),
      ]),
    )
  })

  test("all have one version, one licence and one floor of Node", () => {
    for (const field of ["version", "license"] as const)
      expect(new Set(packages.map(({ manifest }) => manifest[field])).size).toBe(1)
    expect(new Set(packages.map(({ manifest }) => JSON.stringify(manifest.engines))).size).toBe(1)
  })
})

describe("effect", () => {
  test("core imports nothing but effect's stable modules and Node's own", () => {
    none(
      core!.src.flatMap(({ imports, path: file }) =>
        imports.flatMap(({ from, names }) => {
          if (isRelative(from) || from.startsWith("node:")) return []
          if (from !== "effect") return [`${file} imports ${from}`]
          return names
            .filter((name) => Stability.ofExport(name) !== "stable")
            .map((name) => `${file}: ${name} is ${Stability.ofExport(name)}`)
        }),
      ),
    )
  })

  test("core uses no member of a stable module that is not stable itself", () => {
    const used = core!.src.flatMap(({ imports, path: file, text }) => {
      const code = Sources.withoutComments(text)
      return imports
        .filter(({ from }) => from === "effect")
        .flatMap(({ names }) => names)
        .flatMap((module) =>
          [...code.matchAll(new RegExp(`(?<![\\w."'])${module}\\.(\\w+)`, "g"))].map(
            (match) => [file, module, match[1]!] as const,
          ),
        )
    })
    // the tags are found, or the rule would hold of nothing
    expect(used.filter(([, module, member]) => Stability.ofMember(module, member).length > 0).length).toBeGreaterThan(200)
    none(
      used
        .filter(([, module, member]) => Stability.ofMember(module, member).some((tag) => tag !== "stable"))
        .map((it) => `${it[0]}: ${it[1]}.${it[2]}`),
    )
  })

  test("a module that is not stable is imported by one file of a package that needs it", () => {
    for (const { src } of packages) {
      const importers = new Map<string, Set<string>>()
      const note = (module: string, file: string): void =>
        void importers.set(module, (importers.get(module) ?? new Set()).add(file))
      for (const { imports, path: file } of src)
        for (const { from, names } of imports) {
          if (from === "effect") for (const name of names) if (Stability.ofExport(name) !== "stable") note(name, file)
          if (from.startsWith("effect/") && Stability.ofModule(from.slice("effect/".length)) !== "stable") note(from, file)
        }
      none([...importers].filter(([, by]) => by.size > 1).map(([module, by]) => `${module}: ${[...by].join(", ")}`))
    }
  })
})

describe("inside core", () => {
  // a file imports only from the lines above its own
  const layers = [
    "Canonical EngineError IntegrityError Issue Limits Ref Scalar SnapshotStore Summary Worker",
    "Decimal Field Fingerprint Normalize Rule Source",
    "Cell Entity Plan",
    "Batch Decode Mirror Run",
    "Ownership",
    "Sink",
    "Import Job Snapshot",
    "JobStore Partition",
    "DecisionStore",
    "internal/*",
    "Candidates Engine Retention memory/* file/* testing/*",
    "DeadLetters Partitions",
    "Inspection",
    "report/*",
    "index memory/index file/index testing/index",
  ].map((line) => line.split(" "))

  const nameOf = (file: string): string => file.replace("packages/core/src/", "").replace(/\.ts$/, "")
  const layerOf = (name: string): number => {
    const exact = layers.findIndex((layer) => layer.includes(name))
    return exact >= 0 ? exact : layers.findIndex((layer) => layer.includes(`${name.split("/")[0]}/*`))
  }
  const edges = core!.src.flatMap((file) =>
    file.imports
      .filter(({ from }) => isRelative(from))
      .map(({ from }) => [nameOf(file.path), nameOf(targetOf(file, from))] as const),
  )

  test("every file has its layer, and the table names no file that is not there", () => {
    const names = core!.src.map((file) => nameOf(file.path))
    none(names.filter((name) => layerOf(name) < 0))
    none(layers.flat().filter((entry) => !names.some((name) => name === entry || entry === `${name.split("/")[0]}/*`)))
  })

  test("a file imports only from the layers above it; within internal and testing in one direction", () => {
    none(
      edges
        .filter(([from, to]) => {
          const folder = from.includes("/") ? from.split("/")[0]! : undefined
          const beside = folder !== undefined && to.startsWith(`${folder}/`)
          return beside ? false : layerOf(to) >= layerOf(from)
        })
        .map(([from, to]) => `${from} imports ${to}`),
    )
    none(cycles(edges))
  })

  test("the testing kit knows contracts only: neither the engine nor what is internal", () => {
    none(
      edges
        .filter(([from, to]) => from.startsWith("testing/") && /^(Engine$|internal\/)/.test(to))
        .map(([from, to]) => `${from} imports ${to}`),
    )
  })
})

// one line for each circle of imports
const cycles = (edges: ReadonlyArray<readonly [string, string]>): ReadonlyArray<string> => {
  const found: Array<string> = []
  const done = new Set<string>()
  const visit = (name: string, way: ReadonlyArray<string>): void => {
    if (way.includes(name)) return void found.push([...way.slice(way.indexOf(name)), name].join(" → "))
    if (done.has(name)) return
    for (const [from, to] of edges) if (from === name) visit(to, [...way, name])
    done.add(name)
  }
  for (const [from] of edges) visit(from, [])
  return found
}

describe("files", () => {
  const firstComment = (text: string): string => /^\/\*\*?[\s\S]*?\*\//.exec(text)?.[0] ?? ""

  test("are named by their concept: no utils, helpers, common or types", () => {
    none(
      [...sources, ...tests]
        .filter(({ path: file }) => /(^|\/)(utils?|helpers?|common|types?|misc|shared)(\/|\.)/i.test(file))
        .map((it) => it.path),
    )
  })

  test("of sources have at most 300 lines, of tests 400, or say in their first comment why not", () => {
    const long = [...sources.filter(({ lines }) => lines > 300), ...tests.filter(({ lines }) => lines > 400)]
    none(
      long
        .filter(({ text }) => !/\blines?\b.*\bbecause\b|\bone file\b.*\bbecause\b/is.test(firstComment(text)))
        .map((it) => `${it.path}: ${it.lines}`),
    )
  })

  test("of sources open with a sentence that says what they are", () => {
    none(sources.filter(({ text }) => !/^(#!.*\n)?\/\*\*(\n \*)? [A-Z`"]/.test(text)).map((it) => it.path))
  })
})

// a SinkError's code is the contract's, classified already; the rule is about the driver's errors
const hasSinkErrorsOnly = ({ text }: Sources.File): boolean => {
  const declared = [...text.matchAll(/\berror: ([\w.]+)/g)].map((match) => match[1]!)
  return declared.length > 0 && declared.every((type) => /(^|\.)SinkError$/.test(type))
}

describe("sinks", () => {
  test.each(sinks.map(({ folder, src, test: own }) => ({ folder, src, own })))(
    "$folder classifies its driver's errors in classifyError.ts, which has a test, and nowhere else",
    ({ folder, own, src }) => {
      expect(src.filter((file) => file.path.endsWith("/classifyError.ts"))).toHaveLength(1)
      expect(own.map((file) => file.path.toLowerCase())).toContain(`${folder}/test/classifyerror.test.ts`)
      const reads =
        /\b(error|err|cause|exception|e|failure|thrown|reason)\s*(\)|\s+as\s+[^)]*\))?\??\.(code|errorLabels|codeName|sqlState)\b|\.hasErrorLabel\b/
      none(
        src
          .filter((file) => !file.path.endsWith("/classifyError.ts") && !hasSinkErrorsOnly(file))
          .flatMap((file) =>
            Sources.withoutComments(file.text)
              .split("\n")
              .filter((line) => reads.test(line))
              .map((line) => `${file.path}: ${line.trim()}`),
          ),
      )
    },
  )
})

describe("tests", () => {
  // a clock, chance or a wait, and why there is no other way
  const allowed: Readonly<Record<string, string>> = {
    "packages/cli/test/Process.test.ts": "another process is interrupted while it runs, and tells nobody when it is under way",
    "examples/catalog-import/test/workbook.test.ts":
      "a ZIP holds moments to two seconds: two workbooks made within them would be alike by chance",
    "tools/databases/test/observe.ts": "waits for a process of the operating system to be gone",
  }
  const looksAtClock = ({ text }: Sources.File): boolean =>
    /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|\bperformance\.now\b/.test(
      Sources.withoutComments(text),
    )

  test("have no clock, no chance and no wait, but for those with a reason", () => {
    none(tests.filter((file) => looksAtClock(file) && allowed[file.path] === undefined).map((file) => file.path))
  })

  test("which are excused have one of these, or are excused no longer", () => {
    none(Object.keys(allowed).filter((name) => !tests.some((file) => file.path === name && looksAtClock(file))))
  })

  test("are neither skipped nor singled out", () => {
    none(
      tests
        .filter((file) => file.path !== "test/architecture.test.ts")
        .filter(({ text }) => /\b(test|it|describe)\.(only|skip|todo)\b(?!If)/.test(Sources.withoutComments(text)))
        .map((file) => file.path),
    )
  })
})
