/**
 * Mutations of a workbook as an archive: of what is in its parts, packed again, and of what its headers say of them.
 *
 * @module
 */
import { type Ending, type Packed, type Said, zipOf } from "@waybill-internal/torture/zip"
import type { Mutation } from "./byteMutations.ts"
import type { Random } from "./random.ts"
import { unzip } from "./unzip.ts"
import { mutatePart } from "./xmlMutations.ts"

type Files = Array<Packed>

// header fields of two and four bytes
const small = [0, 1, 8, 9, 12, 99, 0x7fff, 0xffff]
const large = [0, 1, 100, 0x7fffffff, 0xfffffffe, 0xffffffff]

const said = (random: Random, name: string): Partial<Said> => {
  const changes: ReadonlyArray<Partial<Said>> = [
    { flags: random.pick(small) },
    { method: random.pick(small) },
    { crc: random.pick(large) },
    { size: random.pick([...large, random.below(100_000)]) },
    { compressed: random.pick([...large, random.below(100_000)]) },
    { name: random.pick(["", "/", "..", `../${name}`, name.toUpperCase(), name.replaceAll("/", "\\"), `${name}/`, "\0"]) },
  ]
  return random.pick(changes)
}

// the sheet and the texts are what most of the code reads
const which = (files: Files, random: Random): number => {
  const at = files.findIndex(({ name }) => /sheet\d*\.xml$|sharedStrings|styles/i.test(name))
  return at < 0 || random.oneIn(2) ? random.below(files.length) : at
}

const changePart = (files: Files, random: Random, other: () => Buffer): void => {
  const at = which(files, random)
  const file = files[at]!
  files[at] = { ...file, content: mutatePart(Buffer.from(file.content as string), random, other) }
}

const changeHeader = (files: Files, random: Random): void => {
  const at = random.below(files.length)
  const file = files[at]!
  const change = said(random, file.name)
  const changes: ReadonlyArray<Partial<Packed>> = [
    { local: change },
    { central: change },
    { local: change, central: change },
    { stored: true },
    { hasDescriptor: true },
    { isZip64: true },
    { offset: (honest) => (honest + random.below(200) - 100 < 0 ? 0 : honest + 50) },
    { offset: () => random.pick([0, 0xffffffff, 0x7fffffff]) },
  ]
  files[at] = { ...file, ...random.pick(changes) }
}

const changeFiles = (files: Files, random: Random): void => {
  const [a, b] = [random.below(files.length), random.below(files.length)]
  const [first, second] = [files[a]!, files[b]!]
  random.pick([
    () => files.splice(a, 1),
    () => files.splice(b, 0, first),
    () => files.splice(a, 1, { ...first, content: second.content }),
    () => files.splice(a, 1, { ...first, name: second.name }),
    () => files.splice(a, 1, { ...first, content: "" }),
    () =>
      files.push({
        name: random.pick(["xl/vbaProject.bin", "EncryptedPackage", "xl/externalLinks/x.xml", "a", ""]),
        content: "x",
      }),
  ])()
}

const ending = (random: Random): Ending =>
  random.pick<Ending>([
    { comment: "x".repeat(random.size(65_535)) },
    { comment: "PK\u0005\u0006".repeat(10) },
    { isZip64: true },
    { count: (honest) => (honest + random.below(5) - 2 < 0 ? 0 : honest + 1) },
    { count: () => 0xffff },
    { before: Buffer.alloc(random.size(10_000), "PK\u0003\u0004") },
    { order: "reverse" },
  ])

/** Takes the workbook apart, changes something, packs it again; bytes that are no honest zip stay as they are. */
export const repack: Mutation = (bytes, random, other) => {
  const parts = unzip(bytes)
  if (parts === undefined) return bytes
  const files = [...parts]
  const turn = random.below(10)
  if (turn < 7) for (let left = 1 + random.size(4); left > 0; left--) changePart(files, random, other)
  else if (turn < 9) changeHeader(files, random)
  else changeFiles(files, random)
  return zipOf(files, random.oneIn(10) ? ending(random) : {})
}
