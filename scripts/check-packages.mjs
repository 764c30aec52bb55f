#!/usr/bin/env node
// Checks what would be published: packs every package, lints the tarballs and their types, installs them elsewhere, imports every entry point.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"))
const { config } = readJson(join(root, "package.json"))
const windows = process.platform === "win32"

const problems = []
const problem = (sentence, output = "") =>
  problems.push(`${sentence}${output.trim() === "" ? "" : `\n${output.trim().replace(/^/gm, "    ")}`}`)

/** Runs a command to its end; its output in one text, and the standard output alone. */
const run = (command, args, cwd = root) => {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    shell: windows,
    maxBuffer: 1 << 26,
  })
  return { ok: status === 0, stdout: stdout ?? "", output: `${stdout ?? ""}${stderr ?? ""}${error ? error.message : ""}` }
}
const pnpm = (args, cwd) => run("npx", ["--yes", `pnpm@${config.pnpm}`, ...args], cwd)
const tool = (name, args) => run(join(root, "node_modules", ".bin", windows ? `${name}.cmd` : name), args)

/** Every file that a package's exports and bin lead to. */
const targets = (value) =>
  typeof value === "string" ? [value] : value && typeof value === "object" ? Object.values(value).flatMap(targets) : []

const packages = readdirSync(join(root, "packages"))
  .map((folder) => ({ folder: join(root, "packages", folder), name: `packages/${folder}` }))
  .filter(({ folder }) => existsSync(join(folder, "package.json")))
  .map((it) => ({ ...it, manifest: readJson(join(it.folder, "package.json")) }))
  .filter(({ manifest }) => !manifest.private)

/** Packs one package; `undefined` where it cannot be. */
const pack = ({ folder, manifest, name }, destination) => {
  const missing = targets([manifest.publishConfig?.exports ?? manifest.exports, manifest.bin])
    .filter((file) => file !== "./package.json")
    .filter((file) => !existsSync(join(folder, file)))
  if (missing.length > 0) {
    problem(`${name} promises ${missing.join(", ")}, which is not there: build first, or take it out of its package.json.`)
    return undefined
  }
  const packed = pnpm(["pack", "--json", "--pack-destination", destination], folder)
  const listing = packed.stdout.slice(packed.stdout.indexOf("{"))
  if (!packed.ok || listing === "") {
    problem(`${name} cannot be packed.`, packed.output)
    return undefined
  }
  const { filename, files } = JSON.parse(listing)
  return {
    name,
    package: manifest.name,
    tarball: join(destination, filename.split(/[\\/]/).at(-1)),
    files: files.map((it) => it.path),
  }
}

const allowed = /^(dist\/.+|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/
const wanted = ["LICENSE", "README.md"]

const lint = ({ files, name, tarball }) => {
  const strange = files.filter((file) => !allowed.test(file))
  if (strange.length > 0) problem(`${name} packs more than its dist: ${strange.join(", ")}.`)
  for (const file of wanted) if (!files.includes(file)) problem(`${name} packs no ${file}.`)
  const published = tool("publint", ["run", tarball, "--strict"])
  if (!published.ok) problem(`publint finds fault with ${name}.`, published.output)
  const types = tool("attw", [tarball, "--profile", "esm-only", "--no-emoji", "--no-color", "--format", "ascii"])
  if (!types.ok) problem(`attw finds the types of ${name} wrong.`, types.output)
}

/** The newest version of a peer that the workspace itself is built with. */
const installedVersion = (peer) => {
  const holder = packages.find(({ folder }) => existsSync(join(folder, "node_modules", peer, "package.json")))
  return holder === undefined ? "*" : readJson(join(holder.folder, "node_modules", peer, "package.json")).version
}

/** Installs the tarballs and their peers as an application would, and imports every entry point. */
const tryOut = (packed, folder) => {
  mkdirSync(folder)
  const own = Object.fromEntries(packed.map((it) => [it.package, `file:${it.tarball}`]))
  const peers = packages.flatMap(({ manifest }) =>
    Object.keys(manifest.peerDependencies ?? {}).filter((peer) => !manifest.peerDependenciesMeta?.[peer]?.optional),
  )
  const others = Object.fromEntries(
    [...new Set(peers)].filter((peer) => !(peer in own)).map((peer) => [peer, installedVersion(peer)]),
  )
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "application", private: true, type: "module", dependencies: { ...own, ...others } }),
  )
  // the packages need each other in versions that are nowhere but here
  writeFileSync(join(folder, "pnpm-workspace.yaml"), `packages: []\noverrides: ${JSON.stringify(own)}\n`)
  const installed = pnpm(["install", "--prefer-offline", "--ignore-scripts", "--reporter=append-only", "--loglevel=warn"], folder)
  if (!installed.ok) return problem("The packed packages cannot be installed together.", installed.output)
  for (const { name, package: id } of packed) {
    const { bin, exports } = readJson(join(folder, "node_modules", id, "package.json"))
    const conditions = JSON.stringify(exports)
    if (conditions.includes("@waybill/source") || conditions.includes("/src/"))
      problem(`${name} would publish exports that lead to its sources.`)
    for (const entry of Object.keys(exports).filter((key) => !key.endsWith(".json"))) {
      const specifier = id + entry.slice(1)
      const code = `const it = await import(${JSON.stringify(specifier)}); if (Object.keys(it).length === 0) throw new Error("it exports nothing")`
      const imported = run(process.execPath, ["--input-type=module", "--eval", code], folder)
      if (!imported.ok) problem(`An application cannot import ${specifier}.`, imported.output)
      else console.log(`  ${specifier}`)
    }
    for (const [command, file] of Object.entries(typeof bin === "string" ? { [id.split("/").at(-1)]: bin } : (bin ?? {}))) {
      const started = run(process.execPath, [join(folder, "node_modules", id, file), "--help"], folder)
      if (!started.ok) problem(`The command ${command} of ${name} does not start.`, started.output)
    }
  }
}

const scratch = mkdtempSync(join(tmpdir(), "waybill-packages-"))
const leave = (code) => {
  rmSync(scratch, { recursive: true, force: true })
  process.exit(code)
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => leave(1))

let code = 1
try {
  const packed = packages.map((it) => pack(it, scratch)).filter((it) => it !== undefined)
  console.log(`packed ${packed.map((it) => it.package).join(", ") || "nothing"}`)
  for (const it of packed) lint(it)
  // without one of them the others cannot be installed either, and that would only repeat what is known
  if (packed.length === packages.length) tryOut(packed, join(scratch, "application"))
  for (const sentence of problems) console.error(`\n${sentence}`)
  if (problems.length === 0) console.log(`${packed.length} packages are fit to be published`)
  code = problems.length === 0 ? 0 : 1
} finally {
  leave(code)
}
