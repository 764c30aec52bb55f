/**
 * A source that can be read incrementally, over records that a test changes while it is read: it has a clock of its own, which goes on by one
 * with each change and each page.
 */
import { Source } from "@waybill/core"
import { Effect, Stream } from "effect"
import { columns } from "./products.ts"

interface Item {
  readonly title: string
  /** `null` is no price, which is fine; other text than a decimal has the row rejected. */
  readonly price: string | null
  readonly changed: number
}

interface Position {
  readonly after: string
  readonly began: number
}

/** See the file's first sentence. */
export class Records {
  readonly items = new Map<string, Item>()
  clock = 0
  /** What happens before each page that is asked for, one after the other. */
  readonly beforePages: Array<() => void> = []
  /** Whether the next reading breaks off behind its first page. */
  breaks = false
  /** The bookmarks that it was read from; `null` is a whole reading. */
  readonly readFrom: Array<Source.Bookmark | null> = []
  pageRows = 2

  constructor(readonly of = "records") {}

  put(sku: string, title: string, price: string | null = "1.50"): void {
    this.clock++
    this.items.set(sku, { title, price, changed: this.clock })
  }

  private pages(since: number) {
    return (from: Source.Cursor | null): Stream.Stream<Source.Page, Source.SourceError> =>
      Stream.unfold(from as unknown as Position | null, (position) =>
        Effect.suspend(() => {
          this.beforePages.shift()?.()
          this.clock++
          const began = position?.began ?? this.clock
          const left = [...this.items]
            .filter(([sku, item]) => sku > (position?.after ?? "") && item.changed >= since)
            .sort(([one], [other]) => (one < other ? -1 : 1))
            .slice(0, this.pageRows)
          if (this.breaks && position !== null) {
            this.breaks = false
            return Effect.fail(new Source.SourceError({ reason: "Malformed", message: "cut off", isRetryable: false }))
          }
          if (left.length === 0) return Effect.succeed(undefined)
          const next: Position = { after: left.at(-1)![0], began }
          return Effect.succeed([
            {
              columns,
              rows: left.map(([sku, { price, title }]) => [sku, title, price, null]),
              place: this.of,
              labels: left.map(([sku]) => sku),
              cursor: { ...next },
              issues: [],
            },
            next,
          ] as const)
        }),
      )
  }

  private reading(since: Source.Bookmark | null): Source.Source {
    return {
      kind: "records",
      identify: Effect.sync(() => {
        this.readFrom.push(since)
        const delta = since === null ? {} : { isDelta: true }
        return {
          name: since === null ? this.of : `${this.of} since ${String(since)}`,
          sha256: null,
          bytes: null,
          details: {},
          ...delta,
        }
      }),
      read: this.pages((since as number | null) ?? 0),
    }
  }

  /** The source. */
  get source(): Source.Source {
    const incremental: Source.Incremental = {
      of: this.of,
      since: (bookmark) => this.reading(bookmark),
      reached: (cursor, from) => (cursor === null ? from : (cursor as unknown as Position).began),
    }
    return { ...this.reading(null), incremental: Effect.succeed(incremental) }
  }
}
