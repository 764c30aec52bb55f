/**
 * Mutations of bytes, whatever they are.
 *
 * @module
 */
import type { Random } from "./random.ts"

/** Makes other bytes of some; `other` is another file to take from. */
export type Mutation = (bytes: Buffer, random: Random, other: () => Buffer) => Buffer

/** A file does not grow beyond this. */
export const largest = 1024 * 1024

/** The bytes with what is from `from` to `to` replaced. */
export const replaced = (bytes: Buffer, from: number, to: number, by: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(Math.max(from, to))]).subarray(0, largest)

const span = (bytes: Buffer, random: Random): readonly [number, number] => {
  const from = random.below(bytes.length + 1)
  return [from, from + random.size(bytes.length - from + 1)]
}

const changed = (bytes: Buffer, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(bytes)
  if (copy.length > 0) change(copy)
  return copy
}

// what length fields break at
const numbers = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff]

/** Flips some bits. */
export const flipBits: Mutation = (bytes, random) =>
  changed(bytes, (copy) => {
    for (let left = 1 + random.size(8); left > 0; left--) copy[random.below(copy.length)]! ^= 1 << random.below(8)
  })

/** Writes other bytes over some. */
export const overwrite: Mutation = (bytes, random) =>
  changed(bytes, (copy) => {
    const [from, to] = span(copy, random)
    const byte = random.pick([0, 0xff, 0x20, 0x22, 0x80, 0xc3, random.below(256)])
    const isNoise = random.oneIn(2)
    for (let at = from; at < to; at++) copy[at] = isNoise ? random.below(256) : byte
  })

/** Takes the end off. */
export const cut: Mutation = (bytes, random) =>
  bytes.subarray(0, bytes.length - (random.oneIn(2) ? random.size(bytes.length + 1) : random.below(bytes.length + 1)))

/** Leaves something out. */
export const leaveOut: Mutation = (bytes, random) => replaced(bytes, ...span(bytes, random), Buffer.alloc(0))

/** Puts a part of the file into it once more, often many times. */
export const repeat: Mutation = (bytes, random) => {
  const [from, to] = span(bytes, random)
  const part = bytes.subarray(from, to)
  if (part.length === 0) return bytes
  const times = Math.max(1, Math.min(1 + random.size(2_000), Math.floor((largest - bytes.length) / part.length)))
  const at = random.oneIn(2) ? to : random.below(bytes.length + 1)
  return replaced(bytes, at, at, Buffer.alloc(part.length * times, part))
}

/** Changes two parts of the file for each other. */
export const swap: Mutation = (bytes, random) => {
  const points = Array.from({ length: 4 }, () => random.below(bytes.length + 1)).sort((a, b) => a - b)
  const [a, b, c, d] = points as [number, number, number, number]
  const parts = [
    [0, a],
    [c, d],
    [b, c],
    [a, b],
    [d, bytes.length],
  ] as const
  return Buffer.concat(parts.map(([from, to]) => bytes.subarray(from, to)))
}

/** Puts a part of another file into this one. */
export const splice: Mutation = (bytes, random, other) => {
  const source = other()
  const [from, to] = span(source, random)
  const [at, until] = span(bytes, random)
  return replaced(bytes, at, random.oneIn(2) ? at : until, source.subarray(from, to))
}

/** Writes a number where one may be. */
export const writeNumber: Mutation = (bytes, random) =>
  changed(bytes, (copy) => {
    const width = random.pick([1, 2, 4])
    if (copy.length < width) return
    const at = random.below(copy.length - width + 1)
    const near = copy.readUIntLE(at, width) + random.below(65) - 32
    const value = (random.oneIn(3) ? near : random.pick(numbers)) & 0xffffffff
    const held = (value >>> 0) % 2 ** (8 * width)
    if (random.oneIn(4)) copy.writeUIntBE(held, at, width)
    else copy.writeUIntLE(held, at, width)
  })

/** All of them. */
export const byteMutations: ReadonlyArray<Mutation> = [flipBits, overwrite, cut, leaveOut, repeat, swap, splice, writeNumber]
