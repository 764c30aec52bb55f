#!/usr/bin/env node
// Sets a fresh clone up (pnpm by npx, a frozen install), then runs the named steps in order.
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const { config } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))

const run = (command, args) => {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" })
  if (error) console.error(`${command}: ${error.message}`)
  if (status !== 0) process.exit(status ?? (signal === "SIGINT" ? 130 : 1))
}
const pnpm = (...args) => run("npx", ["--yes", `pnpm@${config.pnpm}`, ...args])

const split = process.argv.indexOf("--")
const steps = process.argv.slice(2, split < 0 ? undefined : split)
const every = ["./packages/*", "./tools/*", "./examples/*", "./bench"]
const build = (folders, ...options) => pnpm(...folders.flatMap((folder) => ["--filter", folder]), "run", "build", ...options)
const known = {
  // declarations take most of the time: programs run without them, and packages are published with them
  build: () => {
    if (named.length === 1) return build(every)
    if (named.includes("packages")) build(["./packages/*"])
    if (programs.some((program) => named.includes(program)))
      build(named.includes("packages") ? every.slice(1) : every, "--no-dts")
  },
  vitest: (rest) => pnpm("exec", "vitest", "run", ...rest),
  demo: (rest) => run(process.execPath, ["examples/demo/dist/main.js", ...rest]),
  bench: (rest) => run(process.execPath, ["bench/dist/main.js", ...rest]),
  crash: (rest) => run(process.execPath, ["tools/crash/dist/main.js", ...rest]),
  fuzz: (rest) => run(process.execPath, ["tools/fuzz/dist/main.js", ...rest]),
  lint: () => {
    pnpm("exec", "biome", "check", ".")
    pnpm("exec", "tsc", "-p", "tsconfig.json")
  },
  packages: () => run(process.execPath, ["scripts/check-packages.mjs"]),
}

const programs = ["demo", "bench", "crash", "fuzz"]

// npm passes the arguments after `--` behind the steps: whatever is no step belongs to the last one
const named = steps.filter((step) => step in known)
const rest = process.argv.slice(2).filter((argument) => !(argument in known) && argument !== "--")
pnpm("install", "--frozen-lockfile", "--reporter=append-only", "--loglevel=warn")
for (const [index, step] of named.entries()) known[step](index === named.length - 1 ? rest : [])
