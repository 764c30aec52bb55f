/**
 * An input is where a spreadsheet's bytes are: a file or bytes in memory, read at any position.
 *
 * The asynchronous edge of this package: what it throws are source errors and the file system's own errors, and whoever runs it
 * turns them into failures with {@link attempt} or {@link pagesOf}.
 */
import { createHash } from "node:crypto"
import { open } from "node:fs/promises"
import { basename } from "node:path"
import { Limits, Source } from "@waybill/core"
import { Effect, Stream } from "effect"
import * as IssueColumn from "../IssueColumn.ts"
import { classifyError, tooLarge } from "./classifyError.ts"

/** Where the bytes are, as a user says it. */
export interface Location {
  /** The path of a file. */
  readonly file?: string
  /** Or the bytes themselves. */
  readonly bytes?: Uint8Array
  /** What people call the input; the file's base name by default. */
  readonly name?: string
  /** Largest input in bytes, looked at before anything is read; 1 GiB by default, no limit with `null`. */
  readonly maxBytes?: number | null
}

/** See the file's first sentence. */
export interface Input {
  readonly name: string
  readonly open: () => Promise<Handle>
}

/** An open input. */
export interface Handle {
  readonly size: number
  /** Reads into `target` from `position` on, as much as fits or as there is; returns how much that was. */
  readonly read: (target: Buffer, position: number) => Promise<number>
  readonly close: () => Promise<void>
}

const largest = Limits.defaults.bytes

/** The input at a location. Neither or both of `file` and `bytes` is a defect. */
export const make = (location: Location, fallbackName: string): Input => {
  const { file, bytes } = location
  if ((file === undefined) === (bytes === undefined)) throw new TypeError("a spreadsheet source needs either `file` or `bytes`")
  const name = location.name ?? (file === undefined ? fallbackName : basename(file))
  const limit = location.maxBytes === undefined ? largest : location.maxBytes
  const check = (size: number): void => {
    if (limit !== null && size > limit) throw tooLarge(`${name} has ${size} bytes; at most ${limit} are allowed (maxBytes)`)
  }
  return {
    name,
    open: bytes === undefined ? () => openFile(file!, name, check) : () => openBytes(bytes, check),
  }
}

const openBytes = async (bytes: Uint8Array, check: (size: number) => void): Promise<Handle> => {
  check(bytes.length)
  return {
    size: bytes.length,
    read: async (target, position) => {
      const part = bytes.subarray(position, position + target.length)
      target.set(part)
      return part.length
    },
    close: async () => {},
  }
}

const openFile = async (path: string, name: string, check: (size: number) => void): Promise<Handle> => {
  const handle = await open(path, "r")
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) {
      throw new Source.SourceError({ reason: "Refused", isRetryable: false, message: `${name}: it is not a file` })
    }
    check(stats.size)
    return {
      size: stats.size,
      read: async (target, position) => {
        let filled = 0
        while (filled < target.length) {
          const { bytesRead } = await handle.read(target, filled, target.length - filled, position + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return filled
      },
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** How much is read at once. */
export const blockBytes = 1024 * 1024

/** Runs the asynchronous edge: the errors it knows become source errors, all others defects. */
export const attempt = <A>(name: string, run: () => Promise<A>): Effect.Effect<A, Source.SourceError> =>
  Effect.tryPromise({ try: run, catch: (error) => error }).pipe(
    Effect.catch((error) => {
      const known = classifyError(error, name)
      return known === undefined ? Effect.die(error) : Effect.fail(known)
    }),
  )

/** The stream of an asynchronous generator's pages, without what reports add to rows; its errors as in {@link attempt}. */
export const pagesOf = (
  kind: "csv" | "xlsx",
  name: string,
  pages: () => AsyncIterable<Source.Page>,
): Stream.Stream<Source.Page, Source.SourceError> =>
  Stream.suspend(() => Stream.fromAsyncIterable(pages(), (error) => error)).pipe(
    Stream.map((page) => IssueColumn.leaveOut(page, kind === "csv")),
    Stream.catch((error) => {
      const known = classifyError(error, name)
      return known === undefined ? Stream.die(error) : Stream.fail(known)
    }),
  )

/** Reads the input once, to hash it. */
export const identify = (input: Input): Effect.Effect<Source.Identity, Source.SourceError> =>
  attempt(input.name, async () => {
    const handle = await input.open()
    try {
      const hash = createHash("sha256")
      const block = Buffer.allocUnsafeSlow(Math.max(1, Math.min(blockBytes, handle.size)))
      let bytes = 0
      for (;;) {
        const read = await handle.read(block, bytes)
        if (read === 0) break
        hash.update(block.subarray(0, read))
        bytes += read
      }
      return { name: input.name, sha256: hash.digest("hex"), bytes, details: {} }
    } finally {
      await handle.close()
    }
  })
