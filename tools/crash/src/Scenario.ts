/**
 * A scenario is an import that is done once for every fault: what the target has before it, what the source has, and what somebody does to
 * the target meanwhile and afterwards.
 *
 * @module
 */
import type { Import, Sink, Source } from "@waybill/core"
import type { Scene } from "./Scene.ts"

/** A product as it lies in a target. */
export interface ProductRecord {
  readonly sku: string
  readonly title: string
  readonly price: string
  readonly brand: string
  readonly category: string | null
}

/** What a target has. */
export interface State {
  readonly brands: ReadonlyArray<readonly [code: string, title: string]>
  readonly categories: ReadonlyArray<readonly [slug: string, title: string]>
  readonly products: ReadonlyArray<ProductRecord>
}

type Hands = Pick<Scene, "write" | "remove">

/** See the file's first sentence. */
export interface Scenario {
  /** Of the import too. */
  readonly name: string
  /** What the target has at first. */
  readonly before: State
  /** What is imported before, and by no worker that dies; and what somebody does then. */
  readonly former?: {
    readonly definition: (sink: Sink.Sink) => Import.Import
    readonly source: Source.Source
    readonly edit: (scene: Hands) => Promise<void>
  }
  readonly definition: (sink: Sink.Sink, transaction: Sink.Transaction) => Import.Import
  /** The rows, in a source that has a hash or has none. */
  readonly sourceOf: (hashed: boolean) => Source.Source
  /** Somebody works on the target between the validation and the commit. It may be done twice. */
  readonly meddle: (scene: Hands, transaction: Sink.Transaction) => Promise<void>
  /** Somebody works on it once the import is done; after `undo` is only what comes on top of what was done before it. */
  readonly afterwards: (scene: Hands, goal: "import" | "undo") => Promise<void>
  /** Whether an import that was done is undone and validated again, which tells whether all that an undo needs was kept. */
  readonly undoes: boolean
}
