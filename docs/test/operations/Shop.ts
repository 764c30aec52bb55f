/**
 * The application of docs/OPERATIONS.md: `shop`, with the imports `prices` (CSV files) and `stations` (an API), on stores and a target in
 * memory. What goes wrong in a section is made here: a target that fails, a disk that is full, a worker that dies.
 */
import { Cli, Entry, type Host } from "@waybill/cli"
import {
  Cell,
  DecisionStore,
  Entity,
  Field,
  Import,
  JobStore,
  Mirror,
  Normalize,
  Sink,
  SnapshotStore,
  Worker,
} from "@waybill/core"
import { MemoryDecisionStore, MemoryJobStore, MemorySink, MemorySnapshotStore } from "@waybill/core/memory"
import { OcmSource, Poi, Station } from "@waybill/source-ocm"
import { CsvSource, XlsxSource } from "@waybill/source-spreadsheet"
import { acceptedKey } from "@waybill-internal/ocm-server"
import { Duration, Effect, Fiber, Layer, Redacted, Schedule, Schema } from "effect"
import { TestClock } from "effect/testing"

const Product = Entity.make("product", {
  schema: {
    sku: Field.text(),
    title: Field.text(),
    price: Field.decimal({ precision: 10, scale: 2 }),
    active: Field.boolean(),
  },
  key: "sku",
})

const Brand = Entity.make("brand", {
  schema: { name: Field.text() },
  key: "name",
  create: (name) => ({ name }),
})

// as the price list has it where it names brands
const Branded = Entity.make("product", {
  schema: { sku: Field.text(), title: Field.text(), price: Field.decimal({ precision: 10, scale: 2 }), brand: Field.text() },
  key: "sku",
  references: { brand: Brand },
})

const Charger = Entity.make("station", { schema: Station.fields, key: "externalId" })

const Row = Schema.Struct({ sku: Cell.text(), title: Cell.text(), price: Cell.decimal({ precision: 10, scale: 2 }) })

const BrandedRow = Schema.Struct({ ...Row.fields, brand: Cell.text() })

/** What {@link make} takes. */
export interface Options extends MemorySink.Options {
  readonly allowPartial?: boolean
  readonly transaction?: Sink.Transaction
  readonly mirror?: boolean
  /** Whether products refer to brands. */
  readonly brands?: boolean
  /** Records of a batch; by default all go into one. */
  readonly batch?: number
  /** The address of the API. */
  readonly api?: string
}

/** What a command printed, on both streams in their order, and its exit code. */
export interface Ran {
  readonly code: number
  readonly printed: string
}

/** What happens before a call to the target goes through: nothing, an error, or for ever nothing more. */
export type Trouble = (call: number) => Effect.Effect<void, Sink.SinkError>

type Common = Pick<Import.Options<never>, "sink" | "allowPartial" | "retry" | "transaction" | "limits">

const none: Trouble = () => Effect.void

/** The shop with what a scenario changes. */
export interface Shop {
  /** The files, by name; any other name is looked up in the working directory, where it is not. */
  readonly files: Map<string, string>
  readonly tables: MemorySink.MemorySink["tables"]
  /** The moment at which the next command begins. */
  now: number
  /** What happens to batches of a commit before they are applied, numbered from 0 with each session. */
  applying: Trouble
  /** What happens to batches of a validation before they are planned. */
  planning: Trouble
  /** What the snapshot store does to a part that is to be kept. */
  keeping: Effect.Effect<void, SnapshotStore.SnapshotStoreError>
  /** Further normalizations, as a release of the program brings them. */
  normalize: ReadonlyArray<Normalize.Normalization>
  /** How far the clock goes with each turn of the event loop, while a command runs. */
  ticking: Duration.Duration | null
  readonly run: (...args: ReadonlyArray<string>) => Promise<Ran>
  /** Lets time pass before the next command. */
  readonly pass: (duration: Duration.Input) => void
}

const turn = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** A shop with an empty target. */
export const make = (options: Options = {}): Shop => {
  const memory = MemorySink.make(options)
  const layer = Layer.mergeAll(
    Layer.succeed(JobStore.JobStore, MemoryJobStore.make()),
    Layer.succeed(SnapshotStore.SnapshotStore, keepingStore()),
    Layer.succeed(DecisionStore.DecisionStore, MemoryDecisionStore.make()),
    OcmSource.layerFetch,
  )
  const shop: Shop = {
    files: new Map(),
    tables: memory.tables,
    now: Date.parse("2026-03-02T03:00:00Z"),
    applying: none,
    planning: none,
    keeping: Effect.void,
    normalize: [],
    ticking: null,
    run: (...args) => run(args),
    pass: (duration) => {
      shop.now += Duration.toMillis(duration)
    },
  }
  return shop

  function keepingStore(): SnapshotStore.SnapshotStore["Service"] {
    const store = MemorySnapshotStore.make()
    return {
      ...store,
      put: (job, name, bytes) =>
        Effect.andThen(
          Effect.suspend(() => shop.keeping),
          store.put(job, name, bytes),
        ),
    }
  }

  function sink(): Sink.Sink {
    return {
      ...memory,
      plan: (context) =>
        Effect.map(memory.plan(context), (session) => {
          let staged = 0
          return {
            ...session,
            stage: (batch) =>
              Effect.andThen(
                Effect.suspend(() => shop.planning(staged++)),
                session.stage(batch),
              ),
          }
        }),
      commit: (context) =>
        Effect.map(memory.commit(context), (session) => {
          let applied = 0
          return {
            ...session,
            apply: (batch, planned) =>
              Effect.andThen(
                Effect.suspend(() => shop.applying(applied++)),
                session.apply(batch, planned),
              ),
          }
        }),
    }
  }

  function plain(common: Common) {
    return Import.make({
      ...common,
      name: "prices",
      row: Row,
      normalize: [Normalize.trim(), ...shop.normalize],
      entities: [Product],
      map: ({ price, sku, title }) => [Product.of({ sku, title, price, active: true })],
      ...(options.mirror === true ? { mirrors: [Mirror.mark(Product, { set: { active: false } })] } : {}),
    })
  }

  function branded(common: Common) {
    return Import.make({
      ...common,
      name: "prices",
      row: BrandedRow,
      normalize: [Normalize.trim()],
      entities: [Brand, Branded],
      map: (row) => [Branded.of(row)],
    })
  }

  // made anew for each command, as by a program that starts
  function imports() {
    const common: Common = {
      sink: sink(),
      allowPartial: options.allowPartial ?? false,
      retry: Schedule.recurs(2),
      ...(options.transaction === undefined ? {} : { transaction: options.transaction }),
      ...(options.batch === undefined ? {} : { limits: { batch: options.batch } }),
    }
    return {
      prices: Entry.make({
        description: "the price list of a supplier",
        definition: options.brands === true ? branded(common) : plain(common),
        arguments: { file: "the price list" },
        source: ({ file }) => {
          const text = shop.files.get(file)
          const from = text === undefined ? { file } : { name: file, bytes: Buffer.from(text) }
          return file.endsWith(".xlsx") ? XlsxSource.make(from) : CsvSource.make(from)
        },
      }),
      stations: Entry.make({
        description: "charging stations",
        definition: Import.make({
          ...common,
          name: "stations",
          row: Poi.Poi,
          entities: [Charger],
          map: (poi) => [Charger.of(Station.fromPoi(poi))],
        }),
        source: () =>
          OcmSource.make({
            baseUrl: options.api ?? "http://127.0.0.1:9/v3",
            apiKey: Redacted.make(acceptedKey),
            pageSize: 10,
            timeout: "1 hour",
          }),
      }),
    }
  }

  function run(args: ReadonlyArray<string>): Promise<Ran> {
    let printed = ""
    const host: Host.Host = {
      out: (text) =>
        Effect.sync(() => {
          printed += text
        }),
      err: (text) => {
        printed += text
      },
      colour: false,
      progress: false,
      user: "kim",
      program: "shop",
    }
    const { now, ticking } = shop
    return Effect.gen(function* () {
      yield* TestClock.setTime(now)
      const command = yield* Effect.forkChild(Cli.execute({ name: "shop", imports: imports(), layer }, args, host))
      while (ticking !== null && command.pollUnsafe() === undefined) {
        yield* turn
        yield* TestClock.adjust(ticking)
      }
      return { code: yield* Fiber.join(command), printed }
    }).pipe(
      Effect.provide(TestClock.layer()),
      Effect.provideService(Worker.Worker, { name: "night-1", lease: Duration.seconds(60) }),
      Effect.runPromise,
    )
  }
}

/** Trouble that keeps a worker at a call for good, or until `release`; `reached` tells that it is there. */
export const stand = (at: number) => {
  let arrive = () => {}
  let release = () => {}
  const reached = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const open = new Promise<void>((resolve) => {
    release = resolve
  })
  const trouble: Trouble = (call) =>
    call === at
      ? Effect.andThen(
          Effect.promise(() => {
            arrive()
            return open
          }),
          // so long ago that it looks whether somebody asks something of it
          TestClock.adjust("2 seconds"),
        )
      : Effect.void
  return { trouble, reached, release: () => release() }
}

/** The target takes so many batches, and then no more. */
export const failing = (after: number, error: ConstructorParameters<typeof Sink.SinkError>[0]): Trouble => {
  let calls = 0
  return () => Effect.suspend(() => (calls++ < after ? Effect.void : Effect.fail(new Sink.SinkError(error))))
}
