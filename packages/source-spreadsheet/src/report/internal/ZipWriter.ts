/**
 * Writes zip files as they come: entries one after the other, deflated while they are written, nothing held but a block.
 *
 * Moments are 1 January 1980, the first a zip can hold, and there are no attributes: the same entries give the same bytes whenever they are
 * written. Entries that another zip holds already are taken over as they are packed. Sizes are 32 bits: no zip64.
 */
import { crc32, createDeflateRaw, type DeflateRaw } from "node:zlib"
import { Effect } from "effect"
import { ReportError } from "../ReportError.ts"

/** Where bytes go. */
export type Out<E = never, R = never> = (bytes: Uint8Array) => Effect.Effect<void, E, R>

/** What a zip says of an entry that is packed already. */
export interface Packed {
  readonly name: string
  readonly method: number
  readonly crc: number
  readonly size: number
  readonly bytes: Uint8Array
}

const blockBytes = 64 * 1024
const largest = 0xffffffff
// 1980-01-01, 00:00
const date = 0x0021
// sizes follow the content; names are UTF-8
const flagsStreamed = 0x0808
const flagsPacked = 0x0800

interface Listed {
  readonly name: Buffer
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

const common = ({ crc, flags, method, packed, size }: Omit<Listed, "name" | "offset">, name: Buffer): Buffer => {
  const fields = Buffer.alloc(26)
  fields.writeUInt16LE(20, 0)
  fields.writeUInt16LE(flags, 2)
  fields.writeUInt16LE(method, 4)
  fields.writeUInt16LE(date, 8)
  fields.writeUInt32LE(crc, 10)
  fields.writeUInt32LE(packed, 14)
  fields.writeUInt32LE(size, 18)
  fields.writeUInt16LE(name.length, 22)
  return fields
}

// deflates what is pushed; what came out is taken when a push is done
class Deflating {
  private readonly deflate: DeflateRaw = createDeflateRaw({ level: 6 })
  private out: Array<Buffer> = []
  private failure: Error | undefined
  crc = 0
  size = 0

  constructor() {
    this.deflate.on("data", (bytes: Buffer) => this.out.push(bytes))
    this.deflate.on("error", (error) => {
      this.failure = error
    })
  }

  push(bytes: Buffer): Effect.Effect<Buffer> {
    return Effect.promise(() => {
      this.crc = crc32(bytes, this.crc)
      this.size += bytes.length
      return new Promise<void>((done) => this.deflate.write(bytes, () => done()))
    }).pipe(Effect.map(() => this.take()))
  }

  end(): Effect.Effect<Buffer> {
    return Effect.promise(() => new Promise<void>((done) => this.deflate.once("end", done).end())).pipe(
      Effect.map(() => this.take()),
    )
  }

  private take(): Buffer {
    if (this.failure !== undefined) throw this.failure
    const bytes = this.out.length === 1 ? this.out[0]! : Buffer.concat(this.out)
    this.out = []
    return bytes
  }
}

/** See the file's first sentence. One entry is open at a time. */
export class ZipWriter<E, R> {
  private readonly listed: Array<Listed> = []
  private offset = 0
  private entry: { readonly name: Buffer; readonly offset: number; readonly deflating: Deflating; packed: number } | undefined
  private texts: Array<string> = []
  private length = 0

  constructor(private readonly out: Out<E, R>) {}

  /** Begins an entry. */
  open(path: string): Effect.Effect<void, E | ReportError, R> {
    return Effect.suspend(() => {
      const name = Buffer.from(path)
      const header = { flags: flagsStreamed, method: 8, crc: 0, packed: 0, size: 0 }
      this.entry = { name, offset: this.offset, deflating: new Deflating(), packed: 0 }
      return this.emit(Buffer.concat([Buffer.from("PK\u0003\u0004"), common(header, name), name]))
    })
  }

  /** Adds text to the entry that is open. */
  write(text: string): Effect.Effect<void, E | ReportError, R> {
    return Effect.suspend(() => {
      this.texts.push(text)
      this.length += text.length
      return this.length < blockBytes ? Effect.void : this.flush()
    })
  }

  /** Ends the entry that is open. */
  close(): Effect.Effect<void, E | ReportError, R> {
    const self = this
    return Effect.gen(function* () {
      yield* self.flush()
      const { deflating, name, offset } = self.entry!
      yield* self.packed(yield* deflating.end())
      const { packed } = self.entry!
      const { crc, size } = deflating
      self.entry = undefined
      if (size > largest || packed > largest)
        return yield* Effect.fail(
          new ReportError({
            reason: "TooLarge",
            message: `a sheet has ${size} bytes, more than a workbook can hold here (4 GiB)`,
          }),
        )
      const descriptor = Buffer.alloc(16)
      descriptor.write("PK\u0007\u0008", "latin1")
      descriptor.writeUInt32LE(crc, 4)
      descriptor.writeUInt32LE(packed, 8)
      descriptor.writeUInt32LE(size, 12)
      self.listed.push({ name, flags: flagsStreamed, method: 8, crc, packed, size, offset })
      yield* self.emit(descriptor)
    })
  }

  /** Adds a whole entry. */
  add(path: string, text: string): Effect.Effect<void, E | ReportError, R> {
    return Effect.andThen(this.open(path), Effect.andThen(this.write(text), this.close()))
  }

  /** Takes an entry over from another zip. */
  copy({ bytes, crc, method, name: path, size }: Packed): Effect.Effect<void, E | ReportError, R> {
    return Effect.suspend(() => {
      const name = Buffer.from(path)
      const listed: Listed = { name, flags: flagsPacked, method, crc, packed: bytes.length, size, offset: this.offset }
      this.listed.push(listed)
      return Effect.andThen(
        this.emit(Buffer.concat([Buffer.from("PK\u0003\u0004"), common(listed, name), name])),
        this.emit(bytes),
      )
    })
  }

  /** Writes the directory. */
  end(): Effect.Effect<void, E | ReportError, R> {
    return Effect.suspend(() => {
      const directory = Buffer.concat(
        this.listed.flatMap((entry) => {
          const tail = Buffer.alloc(14)
          tail.writeUInt32LE(entry.offset, 10)
          return [Buffer.from("PK\u0001\u0002\u0014\u0000"), common(entry, entry.name), tail, entry.name]
        }),
      )
      const end = Buffer.alloc(22)
      end.write("PK\u0005\u0006", "latin1")
      end.writeUInt16LE(this.listed.length, 8)
      end.writeUInt16LE(this.listed.length, 10)
      end.writeUInt32LE(directory.length, 12)
      end.writeUInt32LE(this.offset, 16)
      return this.emit(Buffer.concat([directory, end]))
    })
  }

  private flush(): Effect.Effect<void, E | ReportError, R> {
    if (this.length === 0) return Effect.void
    const bytes = Buffer.from(this.texts.length === 1 ? this.texts[0]! : this.texts.join(""))
    this.texts = []
    this.length = 0
    return Effect.flatMap(this.entry!.deflating.push(bytes), (packed) => this.packed(packed))
  }

  private packed(bytes: Buffer): Effect.Effect<void, E | ReportError, R> {
    this.entry!.packed += bytes.length
    return this.emit(bytes)
  }

  private emit(bytes: Uint8Array): Effect.Effect<void, E | ReportError, R> {
    return Effect.suspend((): Effect.Effect<void, E | ReportError, R> => {
      if (bytes.length === 0) return Effect.void
      this.offset += bytes.length
      return this.offset > largest
        ? Effect.fail(new ReportError({ reason: "TooLarge", message: "the workbook would be larger than 4 GiB" }))
        : this.out(bytes)
    })
  }
}
