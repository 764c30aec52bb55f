/**
 * What an entity says about who owns its fields, and what of a plan stays for it.
 */
import { Batch, Entity, Field, Mirror, Ownership, Plan, Summary } from "@waybill/core"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"

const schema = {
  sku: Field.text(),
  title: Field.nullable(Field.text()),
  stock: Field.optional(Field.nullable(Field.integer())),
  tags: Field.nullable(Field.json()),
  seen: Field.optional(Field.timestamp()),
}
const make = (ownership: Entity.Options<typeof schema>["ownership"]): Entity.Any =>
  Entity.make("product", { schema, key: "sku", volatile: ["seen"], ...(ownership === undefined ? {} : { ownership }) })

const changed = (field: string, before: Field.Value, lastWritten?: Plan.Change["lastWritten"]): Plan.Change => ({
  field,
  before,
  after: "the feed's",
  ...(lastWritten === undefined ? {} : { lastWritten }),
})

describe("ownership of an entity", () => {
  test("is nothing where all fields are the feed's, and part of the definition where they are not", () => {
    expect(make({ title: "always" }).ownership).toBeUndefined()
    expect(Entity.describe(make({ title: "always" }))).toEqual(Entity.describe(make(undefined)))
    expect(Entity.describe(make({ title: "keepEdits" }))).not.toEqual(Entity.describe(make({ title: "whenEmpty" })))
    expect(Entity.describe(make({ title: "whenEmpty", stock: "atCreation" }))).toEqual(
      Entity.describe(make({ stock: "atCreation", title: "whenEmpty" })),
    )
  })

  test.each([
    [{ sku: "keepEdits" }, "entity product: sku cannot be owned keepEdits: it is part of the key, which says what record it is"],
    [{ seen: "atCreation" }, "entity product: seen cannot be owned atCreation: it is volatile, and so no change of a record"],
    [{ price: "always" }, "entity product: no field is named price"],
    [{ title: "never" }, "entity product: title cannot be owned never: expected one of always, whenEmpty, atCreation, keepEdits"],
  ])("that has no meaning is a defect where it is declared: %j", (ownership, message) => {
    expect(() => make(ownership as never)).toThrow(new TypeError(message))
  })

  test("that an update never writes cannot be what a mirror sets", () => {
    const of = (owner: Field.Owner) => make({ title: owner })
    for (const owner of ["whenEmpty", "atCreation"] as const)
      expect(() => Mirror.mark(of(owner) as Entity.Entity<typeof schema>, { set: { title: "gone" } })).toThrow(
        new TypeError(`mirror of product: it cannot set title, which is owned ${owner}`),
      )
    for (const owner of ["always", "keepEdits"] as const)
      expect(Mirror.mark(of(owner) as Entity.Entity<typeof schema>, { set: { title: "gone" } }).set).toHaveLength(1)
  })

  test("cannot split a reference of several fields", () => {
    const Shop = Entity.make("shop", { schema: { chain: Field.text(), number: Field.integer() }, key: ["chain", "number"] })
    const offer = (ownership: { readonly number?: Field.Owner }) =>
      Entity.make("offer", {
        schema: { id: Field.text(), chain: Field.text(), number: Field.integer() },
        key: "id",
        references: { shop: { entity: Shop, fields: ["chain", "number"] } },
        ownership,
      })
    expect(offer({}).ownership).toBeUndefined()
    expect(() => offer({ number: "whenEmpty" })).toThrow("one of several fields of the reference shop, which belong together")
  })

  test("needs a sink that knows what was written last for keepEdits alone", () => {
    expect(Ownership.needsLastWritten(make({ title: "whenEmpty", stock: "atCreation" }))).toBe(false)
    expect(Ownership.needsLastWritten(make({ title: "whenEmpty", stock: "keepEdits" }))).toBe(true)
    expect(Ownership.watched(make({ title: "whenEmpty", stock: "keepEdits", tags: "keepEdits" }))).toEqual([2, 3])
  })
})

test("what several jobs keep is counted together", () => {
  const counts = (kept?: Summary.EntityCounts["kept"]): Summary.Counts => {
    const none = {
      records: 1,
      created: 0,
      updated: 0,
      unchanged: 1,
      deleted: 0,
      conflict: 0,
      failed: 0,
      candidates: 0,
      missing: 0,
    }
    return { ...Summary.empty, unchanged: 1, entities: { product: { ...none, ...(kept === undefined ? {} : { kept }) } } }
  }
  expect(Summary.sum([counts({ title: 1 }), counts(), counts({ title: 1, stock: 1 })]).entities["product"]).toMatchObject({
    records: 3,
    kept: { title: 2, stock: 1 },
  })
  expect(Summary.sum([counts(), counts()]).entities["product"]?.kept).toBeUndefined()
})

describe("a value stays", () => {
  test.each<readonly [Field.Owner, Plan.Change, Plan.Why | undefined]>([
    ["always", changed("title", "old"), undefined],
    ["whenEmpty", changed("title", "old"), "notEmpty"],
    ["whenEmpty", changed("title", " "), "notEmpty"],
    ["whenEmpty", changed("title", ""), undefined],
    ["whenEmpty", changed("title", null), undefined],
    ["whenEmpty", changed("title", undefined), undefined],
    ["whenEmpty", changed("stock", 0), "notEmpty"],
    // an empty text in a json field is a value
    ["whenEmpty", changed("tags", ""), "notEmpty"],
    ["whenEmpty", changed("tags", []), "notEmpty"],
    ["atCreation", changed("title", null), "atCreation"],
    ["keepEdits", changed("title", "old", "same"), undefined],
    ["keepEdits", changed("title", "old", "other"), "edited"],
    // somebody took it out
    ["keepEdits", changed("title", null, "other"), "edited"],
    ["keepEdits", changed("title", "old", "never"), "neverWritten"],
    ["keepEdits", changed("title", "", "never"), undefined],
    ["keepEdits", changed("title", null, "never"), undefined],
    // a sink that does not tell
    ["keepEdits", changed("title", "old"), "neverWritten"],
  ])("%s, %j: %s", (owner, change, why) => {
    const { field } = change
    expect(Ownership.why(make({ [field]: owner }), change)).toBe(why)
  })
})

const value = fc.constantFrom<Field.Value>(undefined, null, "", "a", "b")
const owner = fc.constantFrom(...Field.owners)

describe("a settled plan", () => {
  const record = fc.record({ title: value, tags: value, before: fc.record({ title: value, tags: value }) })
  const settled = fc
    .tuple(owner, owner, fc.array(record, { minLength: 1, maxLength: 8 }), fc.array(fc.constantFrom("same", "other", "never")))
    .map(([title, tags, records, told]) => {
      const entity = make({ title, tags })
      const values = records.map((it, index): Entity.Values => [`P-${index}`, it.title, undefined, it.tags, undefined])
      const bytes = Buffer.from(values.map((it) => `${Batch.writeLine(entity, it)}\n`).join(""))
      const batch = Batch.make({ entity, part: 0, first: 0, count: records.length, bytes })
      const updates = records.flatMap((it, index) => {
        const changes = (["title", "tags"] as const).flatMap((field, nth): ReadonlyArray<Plan.Change> => {
          const lastWritten = told[(index * 2 + nth) % Math.max(1, told.length)] as Plan.Change["lastWritten"]
          return it[field] === undefined || it[field] === it.before[field]
            ? []
            : [{ field, before: it.before[field], after: it[field], ...(lastWritten === undefined ? {} : { lastWritten }) }]
        })
        return changes.length === 0 ? [] : [{ index, fingerprint: "seen", changes }]
      })
      const actions = new Uint8Array(records.length)
      for (const { index } of updates) actions[index] = Plan.code.update
      const planned: Plan.PlannedBatch = { part: 0, actions, updates, refusals: [] }
      return { entity, batch, planned, whole: Ownership.settle(entity, planned) }
    })

  test("has each change of the sink's either in an update or among what is kept, by its owner", () => {
    fc.assert(
      fc.property(settled, ({ entity, planned, whole }) => {
        for (const { changes, index } of planned.updates) {
          const update = whole.updates.find((it) => it.index === index)
          const fields = whole.kept?.find((it) => it.index === index)?.fields ?? []
          const stays = changes.filter((it) => Ownership.why(entity, it) !== undefined)
          expect(fields.map(({ feed, field, target }) => [field, target, feed])).toEqual(
            stays.map(({ after, before, field }) => [field, before, after]),
          )
          expect(update?.changes ?? []).toEqual(changes.filter((it) => !stays.includes(it)))
          expect(whole.actions[index]).toBe(update === undefined ? Plan.code.unchanged : Plan.code.update)
        }
        expect(Plan.read(0, whole.actions.length, Plan.write(whole)).kept).toEqual(whole.kept)
      }),
    )
  })

  test("sends of an update no owned field that it does not change, and all else as it is", () => {
    fc.assert(
      fc.property(settled, ({ batch, entity, whole }) => {
        const sent = Ownership.effective(batch, whole)
        const updates = new Map(whole.updates.map((it) => [it.index, it.changes.map(({ field }) => field)]))
        const expected = batch.records().map((values, index) => {
          const changes = updates.get(index)
          return changes === undefined
            ? values
            : values.map((it, at) =>
                entity.ownership?.has(at) === true && !changes.includes(entity.fields[at]!.name) ? undefined : it,
              )
        })
        expect(sent.records()).toEqual(expected)
        // both faces say the same
        expect(Batch.parse(entity, sent.bytes)).toEqual(expected)
      }),
    )
  })

  test("of an entity that owns nothing is the sink's own, and so is its batch", () => {
    const entity = make(undefined)
    const planned: Plan.PlannedBatch = {
      part: 0,
      actions: Uint8Array.of(Plan.code.update),
      updates: [{ index: 0, fingerprint: "seen", changes: [changed("title", "old")] }],
      refusals: [],
    }
    const batch = Batch.make({ entity, part: 0, first: 0, count: 1, bytes: Buffer.from("[]\n") })
    expect(Ownership.settle(entity, planned)).toBe(planned)
    expect(Ownership.effective(batch, planned)).toBe(batch)
  })
})
